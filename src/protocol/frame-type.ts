/**
 * Every frame starts with a type (u8) and flags (u8). The high nibble tells the kind, so that a reader can route a frame it does not know.
 * Unknown types and flags are ignored and counted (WP5).
 */
export const FrameType = {
  // Output log entries: worker → browser.
  outputData: 0x01,
  outputFence: 0x02,
  outputGap: 0x03,
  outputMark: 0x04,
  outputExit: 0x05,
  // Input log entries: edge → worker.
  inputData: 0x11,
  inputFence: 0x12,
  inputResize: 0x13,
  inputEndOfInput: 0x14,
  inputEndRequest: 0x15,
  inputEnd: 0x16,
  // Ephemeral, on channel `in`: edges → worker.
  credit: 0x21,
  detach: 0x22,
  ask: 0x23,
  skipOutput: 0x24,
  probe: 0x25,
  // Ephemeral, on channel `out`: worker → edges.
  stall: 0x31,
  typed: 0x32,
  closed: 0x33,
  workerStatus: 0x34,
  // Edge → browser.
  attached: 0x41,
  inputAck: 0x42,
  gap: 0x43,
  rewound: 0x44,
  pong: 0x45,
  status: 0x46,
  close: 0x47,
  // Browser → edge.
  open: 0x61,
  resume: 0x62,
  input: 0x63,
  ack: 0x64,
  resize: 0x65,
  ping: 0x66,
  takeControl: 0x67,
  skip: 0x68,
  end: 0x69,
  endOfInput: 0x6a,
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export function isOutputEntry(type: number): boolean {
  return type >= 0x01 && type <= 0x0f;
}

export function isInputEntry(type: number): boolean {
  return type >= 0x11 && type <= 0x1f;
}

export function isLogEntry(type: number): boolean {
  return type >= 0x01 && type <= 0x1f && type !== 0x10;
}

export function isEphemeral(type: number): boolean {
  return type >= 0x21 && type <= 0x3f;
}
