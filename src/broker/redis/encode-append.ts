import { readU48, readU64 } from '../../protocol/bytes.ts';
import type { RespEncoder } from './resp-encoder.ts';

/**
 * `XADD key NOMKSTREAM <fence>-<seq> f <frame>` and `SPUBLISH key <frame>`: the hot path, so the RESP is written by hand.
 * The id is the frame's own: nothing can be stored under another one (LG2). @returns the id, which is the only answer (LG6), and bytes written
 */
export function encodeAppend(encoder: RespEncoder, key: string, frame: Uint8Array): { readonly id: string; readonly bytes: number } {
  const id = `${readU48(frame, 2)}-${readU64(frame, 8)}`;
  const name = `$${key.length}\r\n${key}\r\n`;
  const head = encoder.ascii(`*6\r\n$4\r\nXADD\r\n${name}$10\r\nNOMKSTREAM\r\n$${id.length}\r\n${id}\r\n$1\r\nf\r\n`);
  const stored = encoder.bytes(frame);
  const pushed = encoder.ascii(`*3\r\n$8\r\nSPUBLISH\r\n${name}`) + encoder.bytes(frame);
  return { id, bytes: head + stored + pushed };
}
