import { hasCode, type UpdateVector } from '@chorus/protocol';

interface Entry {
  vector: Promise<UpdateVector>;
  /** Settles with the check against the commitment, if one was requested. */
  checked: Promise<void> | null;
}

/** Vectors of the current round: each is fetched once, and checked against its commitment at most once. */
export class VectorCache {
  #round = 0;
  readonly #entries = new Map<string, Entry>();

  /** The newest round of which a vector was requested: its fetched vectors are cached. */
  get round(): number {
    return this.#round;
  }

  /**
   * The vector that `what` names: its author and what it committed to. A failed fetch is not remembered.
   */
  async get(
    round: number,
    what: string,
    load: () => Promise<UpdateVector>,
    check: ((vector: UpdateVector) => Promise<void>) | null,
  ): Promise<UpdateVector> {
    if (round > this.#round) {
      this.#round = round;
      this.#entries.clear();
    }
    const key = `${round}/${what}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { vector: load(), checked: null };
      entry.vector.catch(() => this.#entries.delete(key));
      if (round === this.#round) this.#entries.set(key, entry);
    }
    const vector = await entry.vector;
    if (check) {
      const kept = entry;
      kept.checked ??= check(vector).catch((error) => {
        // Only a failure of the vector itself is remembered; the death of a worker proves nothing about it.
        if (!hasCode(error, 'E_PAYLOAD_MISMATCH')) kept.checked = null;
        throw error;
      });
      await kept.checked;
    }
    return vector;
  }
}
