/** A map that forgets what was set longest ago when it has more than `most` keys. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number;

  constructor(most: number) {
    super();
    this.#most = most;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    const oldest = this.keys().next();
    if (this.size > this.#most && oldest.done !== true) {
      this.delete(oldest.value);
    }
    return this;
  }
}
