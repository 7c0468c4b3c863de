/** A JSON log line as a person reads it: `09:30:01 info  session taken sessionId=… fence=…`. Control characters stay escaped. */
export function textLine(json: string): string {
  const { time, level, event, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(value)}`);
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${[String(event), ...shown].join(' ')}\n`;
}

function fieldText(value: unknown): string {
  if (typeof value === 'string' && /^[!-~]+$/.test(value)) return value;
  return JSON.stringify(value);
}
