import type { Address, UpdateVector } from '@chorus/protocol';

/** Vectors of the current round that were fetched and match their commitment. */
export class PayloadStore {
  #round = 0;
  readonly #vectors = new Map<string, Promise<UpdateVector>>();

  /** The vector of `author`, fetched and checked once a round; a failure is not remembered. */
  get(
    round: number,
    kind: string,
    author: Address,
    load: () => Promise<UpdateVector>,
  ): Promise<UpdateVector> {
    if (round > this.#round) {
      this.#round = round;
      this.#vectors.clear();
    }
    const key = `${round}:${kind}:${author.toLowerCase()}`;
    const known = this.#vectors.get(key);
    if (known) return known;
    const loading = load();
    if (round === this.#round) this.#vectors.set(key, loading);
    loading.catch(() => this.#vectors.delete(key));
    return loading;
  }
}
