import type { z } from 'zod';

export const commands = ['standalone', 'edge', 'worker', 'demo-cluster'] as const;
export type Command = (typeof commands)[number];

/** One setting, in its only place: parsing, --help, --print-config and the documentation are made from it. */
export interface Option<Value = unknown> {
  readonly env: string;
  /** With dashes. */
  readonly flag: string;
  /** What stands for the value in --help; empty: the flag alone means yes. */
  readonly value: string;
  readonly schema: z.ZodType<Value, string>;
  /** As it would be written; absent: not set. */
  readonly default?: string;
  /** One sentence for an operator. */
  readonly description: string;
  readonly group: 'Listening' | 'Upstream' | 'Access' | 'Broker' | 'Sessions' | 'Process';
  readonly commands: readonly Command[];
  /** Never printed; for a URL only its password. */
  readonly secret?: boolean;
}
