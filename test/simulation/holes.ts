import type { Scene } from './scenes.ts';

export interface Hole {
  /** Its number in the review of the first text of the protocol. */
  readonly number: string;
  readonly wrong: string;
  /** Of the fixed seeds; each must be seen. */
  readonly scenes: readonly Scene[];
  /** What a simulation of faults does not come to: a test of its own, by file and a part of its name. */
  readonly tests?: readonly { readonly file: string; readonly name: string }[];
}

const reader = 'test/log/log-reader.test.ts';

/** Every hole of the review, and where it would show if it were open. */
export const holes: readonly Hole[] = [
  {
    number: '1',
    wrong: 'a writer that goes on below a lost tail is taken for a repetition of it',
    scenes: ['a new fence continues below what was stored', 'a reader is rewound'],
  },
  {
    number: '2',
    wrong: 'entries that are read are dropped, because a push of a higher fence came first',
    scenes: ['entries of a lower fence are read after a higher one was pushed'],
  },
  {
    number: '3',
    wrong: 'the push of an append that was refused to a replaced writer is delivered',
    scenes: ['the push of a replaced writer’s append arrives'],
  },
  {
    number: '4',
    wrong: 'such a push is delivered between the subscription and the first page',
    scenes: ['such a push arrives before the first page was read'],
  },
  {
    number: '4b',
    wrong: 'pushes come from the old primary, pages from the new one',
    scenes: ['the connections of one link reach two servers', 'a process comes to an old primary after it was on the new one'],
  },
  { number: '5', wrong: 'an append passes an earlier one that failed', scenes: ['an append is stored that had been refused'] },
  {
    number: '6',
    wrong: 'on a new connection new appends pass those to be sent again',
    scenes: ['frames are sent again under their old ids', 'the answer to an append is lost, and it was stored'],
  },
  { number: '7', wrong: 'a lost take lets the writer before it go on', scenes: ['a lost take is put back'] },
  {
    number: '8',
    wrong: 'two primaries give one fence to two writers, and each takes the other’s entries for its own',
    scenes: ['two primaries give one fence to two takes', 'a writer whose take was lost finds another one'],
  },
  {
    number: '9',
    wrong: 'a reader on a lost tail goes on in other bytes, the log having grown past it',
    scenes: ['a reader comes from an entry that was lost', 'a reader comes from a lost entry, and the log was trimmed past it'],
  },
  { number: '9b', wrong: 'a reader of a lost take is shown everything again', scenes: ['a reader comes from a fence that nobody knows'] },
  { number: '10', wrong: 'input that was typed and then lost is typed again', scenes: ['input that was typed is lost, and comes again'] },
  {
    number: '11',
    wrong: 'input that was accepted is lost together with its edge, and its client has forgotten it',
    scenes: ['input that was accepted is lost, and comes again by another edge'],
  },
  {
    number: '12',
    wrong: 'an edge sends its ring behind what another edge’s client has lost',
    scenes: ['an input writer whose predecessor’s entries were lost takes again'],
  },
  {
    number: '13',
    wrong: 'frames under way jump over such a hole',
    scenes: ['a take gives back less than its client has under way'],
  },
  {
    number: '14',
    wrong: 'after a loss of control old offsets name other bytes',
    scenes: ['a client goes on with a new stream behind what was not sent'],
  },
  {
    number: '15',
    wrong: 'what is called not sent by the log is typed by the worker',
    scenes: ['the log knows less of a stream than was typed'],
  },
  { number: '16', wrong: 'a client locks itself out with an older connection', scenes: ['a resume comes after a newer one'] },
  { number: '17', wrong: 'the last credit is lost, and both ends wait', scenes: ['credit is told while the worker does not listen'] },
  {
    number: '18',
    wrong: 'the driver is gone, or begins elsewhere, and the window never moves',
    scenes: ['a worker gives up a silent driver', 'a driver comes from behind the start of the log'],
  },
  { number: '19', wrong: 'accepted input is trimmed before it was typed', scenes: ['the input log is full'] },
  { number: '20', wrong: 'a trimmed log does not know where it ends', scenes: ['a trim leaves the newest entry alone'] },
  { number: '21', wrong: 'an append to keys that are gone counts as stored', scenes: ['an append finds no keys'] },
  { number: '22', wrong: 'input is accepted after the end', scenes: ['an append comes after the end'] },
  { number: '23', wrong: 'an emptied broker looks like no news, or like no session', scenes: ['a worker restores a session'] },
  {
    number: '24',
    wrong: 'a dead worker is not found, or a living one is called dead by a clock',
    scenes: ['a session is taken from a dead worker after the index was lost', 'the server’s clock jumps'],
  },
  {
    number: '25',
    wrong: 'a worker that stood still types after it was replaced',
    scenes: ['a worker wakes up and its session is another’s'],
  },
  { number: '26', wrong: 'an open that nobody holds waits for ever', scenes: ['an open that a fail-over lost from the queue is claimed'] },
  {
    number: '27',
    wrong: 'one name, two frames: the judge compares every frame with the first of its name',
    scenes: ['frames are sent again under their old ids'],
  },
  {
    number: '28',
    wrong: 'a damaged entry makes a client come again for ever',
    scenes: [],
    tests: [
      { file: 'test/client/session-client-output.test.ts', name: '[WP3] adopts at the second mismatch of one place, as a declared gap' },
    ],
  },
  { number: '29', wrong: 'behind a gap no CRC is known', scenes: ['a gap after which the CRC is adopted'] },
  {
    number: '30',
    wrong: 'what was answered counts as safe',
    scenes: ['what no replica had is lost, and sent again from the ring', 'a writer waits for its replica with a full ring'],
  },
  {
    number: '31',
    wrong: 'a log shrinks and no connection breaks',
    scenes: [],
    tests: [{ file: reader, name: '[LG5] the sweep compares a live reader with the record' }],
  },
  {
    number: '32',
    wrong: 'bytes of an append that failed are shown and never stored',
    scenes: ['the push of an append that failed arrives', 'a reader is rewound'],
  },
];

/** The table of docs/reliability.md. */
export function holeTable(): string {
  const rows = holes.map(({ number, wrong, scenes, tests = [] }) => {
    const where = [...scenes, ...tests.map(({ file, name }) => `\`${file}\`, \`${name}\``)];
    return `| ${number} | ${wrong} | ${where.join('; ')} |`;
  });
  return ['| hole | what goes wrong if it is open | scene of the fixed seeds, or test |', '|---|---|---|', ...rows].join('\n');
}
