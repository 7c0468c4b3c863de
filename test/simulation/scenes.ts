/**
 * What has to happen in the fixed seeds, each at least once: a simulation proves nothing about what it never comes to. Counted where it
 * happens, by the judge and not by the relay.
 */
export const sceneNames = [
  // the broker loses its newest writes
  'a new fence continues below what was stored',
  'a lost take is put back',
  'a writer whose take was lost finds another one',
  'two primaries give one fence to two takes',
  'the connections of one link reach two servers',
  'a process comes to an old primary after it was on the new one',
  'what no replica had is lost, and sent again from the ring',
  'a writer waits for its replica with a full ring',
  'a reader comes from an entry that was lost',
  'a reader comes from a lost entry, and the log was trimmed past it',
  'a reader comes from a fence that nobody knows',
  'a reader is rewound',
  'frames are sent again under their old ids',
  'input that was typed is lost, and comes again',
  'input that was accepted is lost, and comes again by another edge',
  'an input writer whose predecessor’s entries were lost takes again',
  'a take gives back less than its client has under way',
  'the log knows less of a stream than was typed',
  // appends and pushes
  'entries of a lower fence are read after a higher one was pushed',
  'the push of a replaced writer’s append arrives',
  'the push of an append that failed arrives',
  'such a push arrives before the first page was read',
  'an append is stored that had been refused',
  'an append finds no keys',
  'an append comes after the end',
  'the answer to an append is lost, and it was stored',
  // clients
  'a resume comes after a newer one',
  'a superseded stream asks for control',
  'clients take control from each other within 100 ms',
  'a client goes on with a new stream behind what was not sent',
  // credit
  'credit is told while the worker does not listen',
  'a worker gives up a silent driver',
  'a driver comes from behind the start of the log',
  'the input log is full',
  'a trim leaves the newest entry alone',
  'a gap after which the CRC is adopted',
  // ownership
  'a worker restores a session',
  'a worker wakes up and its session is another’s',
  'a session is taken from a dead worker',
  'a session is taken from a dead worker after the index was lost',
  'the server’s clock jumps',
  'an open that a fail-over lost from the queue is claimed',
  'an edge has sent its browsers elsewhere',
  'a worker that goes away ends its sessions',
  // pages
  'hidden page drops',
  'output is skipped by the worker',
  'output is skipped by an edge',
  'a person ends a session',
  'a second viewer follows a log',
  'another worker goes on with a log',
] as const;

export type Scene = (typeof sceneNames)[number];

/** How often each scene was seen. */
export type Seen = Readonly<Partial<Record<Scene, number>>>;
