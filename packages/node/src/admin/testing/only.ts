/** A source with some of its methods: a test that asks another one fails. */
export const only = <T extends object>(part: Partial<NoInfer<T>>): T =>
  new Proxy(part as T, {
    get: (target, name) =>
      Reflect.get(target, name) ??
      (() => {
        throw new Error(`${String(name)} was asked`);
      }),
  });
