/** A map that forgets what was set longest ago when it has more than `most` keys, and tells `forgotten`. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number;
  readonly #forgotten: (value: V) => void;

  constructor(most: number, forgotten: (value: V) => void = () => undefined) {
    super();
    this.#most = most;
    this.#forgotten = forgotten;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    const oldest = this.entries().next();
    if (this.size > this.#most && oldest.done !== true) {
      const [first, forgotten] = oldest.value;
      this.delete(first);
      this.#forgotten(forgotten);
    }
    return this;
  }
}
