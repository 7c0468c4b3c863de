export type { ClientState, SavedSession } from '../client/client-host.ts';
export type { EndReason } from '../protocol/end-reason.ts';
export type { Gap } from '../protocol/gap.ts';
export type { AttachTarget, ExecTarget } from '../protocol/target.ts';
export { PoseidonAddon, type PoseidonEvents, type PoseidonOptions } from './poseidon-addon.ts';
