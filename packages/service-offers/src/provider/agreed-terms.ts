import type { Answer } from '@chorus/market';
import { BoundedMap } from '@chorus/utils';
import { AGREED_MILLISECONDS, MAX_AGREED } from './limits.ts';

/**
 * What this node has promised for orders that are not paid yet, by the digests of their documents. It keeps no place: a place
 * that costs nothing would be kept by strangers for ever. The first that pays has it.
 */
export class AgreedTerms {
  readonly #terms = new BoundedMap<string, { answer: Answer; until: number }>(MAX_AGREED);

  keep(digest: string, answer: Answer): void {
    this.#terms.set(digest, { answer, until: Date.now() + AGREED_MILLISECONDS });
  }

  /** Price and time that hold for this order, if they are not those of the offer now. */
  of(digest: string): Pick<Answer, 'units' | 'seconds'> | null {
    const found = this.#terms.get(digest);
    return found && found.until > Date.now() ? found.answer : null;
  }
}
