/** A map of the latest entries: setting one makes it the newest, and the oldest beyond the bound is dropped. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number;

  /** @param most entries, above 0 */
  constructor(most: number) {
    super();
    if (!(most > 0)) throw new RangeError('a bounded map needs room for an entry');
    this.#most = most;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#most) this.delete(this.keys().next().value as K);
    return this;
  }
}

/** A set of the latest values: adding one makes it the newest, and the oldest beyond the bound is dropped. */
export class BoundedSet<T> extends Set<T> {
  readonly #most: number;

  /** @param most values, above 0 */
  constructor(most: number) {
    super();
    if (!(most > 0)) throw new RangeError('a bounded set needs room for a value');
    this.#most = most;
  }

  override add(value: T): this {
    this.delete(value);
    super.add(value);
    if (this.size > this.#most) this.delete(this.values().next().value as T);
    return this;
  }
}
