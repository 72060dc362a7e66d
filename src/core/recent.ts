/** What was made for a key, kept while it is among the last that were asked for. */
export class Recent<V> {
  readonly #most: number;
  /** In the order of their last use. */
  readonly #kept = new Map<string, V>();

  /** @param most - how many are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What is kept for the key; made when there is nothing, in the place of what was not asked for for longest. */
  get(key: string, make: () => V): V {
    const value = this.#kept.has(key) ? (this.#kept.get(key) as V) : make();
    this.#kept.delete(key);
    this.#kept.set(key, value);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#most) this.#kept.delete(oldest);
    return value;
  }
}
