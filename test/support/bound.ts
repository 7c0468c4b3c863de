/** A property of an object behind a proxy: methods keep their own `this`. */
export function bound(to: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(to, name, to);
  return typeof value === 'function' ? value.bind(to) : value;
}
