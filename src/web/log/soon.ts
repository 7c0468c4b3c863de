/**
 * Runs it after what the browser has to do now. A message to ourselves: unlike a timer it is not slowed in a hidden page, so that a
 * log in the background goes on being read.
 */
export const soon = ((): ((run: () => void) => void) => {
  const waiting: (() => void)[] = [];
  const channel = new MessageChannel();
  channel.port1.onmessage = () => waiting.shift()?.();
  return (run) => {
    waiting.push(run);
    channel.port2.postMessage(undefined);
  };
})();
