/** How messages of a connection are framed: raw bytes, or base64 text. */
export type Framing = 'binary' | 'base64';

/** What the negotiated subprotocol of an exec or attach connection can do (facts 4.1). */
export interface ChannelProtocol {
  readonly name: string;
  readonly framing: Framing;
  /** Input can be ended on its own: the message 255, 0. */
  readonly halfClose: boolean;
  /** `json`: a metav1.Status always; `text`: a bare message, and only for failures. */
  readonly status: 'json' | 'text';
}

const channelProtocols: readonly ChannelProtocol[] = [
  { name: 'v5.channel.k8s.io', framing: 'binary', halfClose: true, status: 'json' },
  { name: 'v4.channel.k8s.io', framing: 'binary', halfClose: false, status: 'json' },
  { name: 'v4.base64.channel.k8s.io', framing: 'base64', halfClose: false, status: 'json' },
  { name: 'base64.channel.k8s.io', framing: 'base64', halfClose: false, status: 'text' },
  { name: 'channel.k8s.io', framing: 'binary', halfClose: false, status: 'text' },
];

/**
 * Offers of exec and attach, one request each. The next one is made only after a 403 with an empty body, which is how a server says
 * that it knows none of the names. v5 and v4 travel together: servers without v5 take v4, the others v5 (facts 4.1).
 */
export const channelOffers: readonly (readonly string[])[] = [
  ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
  ['v4.base64.channel.k8s.io', 'base64.channel.k8s.io'],
  ['channel.k8s.io'],
];

export const logOffers: readonly (readonly string[])[] = [['binary.k8s.io', 'base64.binary.k8s.io']];

/**
 * What a server takes of what a client offers (facts 4.1): v5 wherever it stands, else the first that is known. Without an offer it is
 * the oldest one, and the answer names none.
 */
export function chooseChannelProtocol(offered: readonly string[]): ChannelProtocol | undefined {
  if (offered.length === 0) return channelProtocols.at(-1);
  const known = offered.flatMap((name) => channelProtocols.find((protocol) => protocol.name === name) ?? []);
  return known.find(({ halfClose }) => halfClose) ?? known[0];
}

/** The same for logs. @returns the framing and the name to answer with, empty when none was offered */
export function chooseLogProtocol(offered: readonly string[]): { readonly name: string; readonly framing: Framing } | undefined {
  if (offered.length === 0) return { name: '', framing: 'binary' };
  const name = offered.find((one) => logOffers.some((offer) => offer.includes(one)));
  return name === undefined ? undefined : { name, framing: logFraming(name) };
}

/** @param name one that was offered: the socket refuses others */
export function channelProtocol(name: string): ChannelProtocol {
  const found = channelProtocols.find((protocol) => protocol.name === name);
  if (!found) throw new Error(`not a channel protocol: ${name}`);
  return found;
}

export function logFraming(name: string): Framing {
  return name === 'base64.binary.k8s.io' ? 'base64' : 'binary';
}
