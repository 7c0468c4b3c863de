/** One number of a process at the moment, as its operator's address prints it. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

/** Gauges of a process that has many of the same part: each the sum over all of them, made when somebody asks. */
export function sumGauges<Name extends string>(
  helps: { readonly [name in Name]: string },
  parts: Iterable<{ readonly [name in Name]: number }>,
): readonly Gauge[] {
  const names = Object.keys(helps) as Name[];
  const sums = new Map<Name, number>();
  for (const part of parts) for (const name of names) sums.set(name, (sums.get(name) ?? 0) + part[name]);
  return names.map((name) => ({ name, help: helps[name], value: sums.get(name) ?? 0 }));
}
