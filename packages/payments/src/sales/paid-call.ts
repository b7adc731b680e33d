import { AsyncLocalStorage } from 'node:async_hooks';
import { ChorusError } from '@chorus/protocol';
import type { Offer } from '../exact/offer.ts';
import type { ServingFacts } from '../receipt/receipt.ts';
import type { CallFacts, Cashier } from './cashier.ts';
import type { KeptAnswer, Sale } from './sale.ts';
import { settledHeaders } from './settled-headers.ts';

/** The request that is being answered, and what it has paid; work that it began is within it. */
const current = new AsyncLocalStorage<PaidCall>();

/** One request over HTTP, from its payment to its answer. */
export class PaidCall {
  readonly #facts: CallFacts;
  readonly #refused = Promise.withResolvers<Response>();
  readonly #ended = Promise.withResolvers<void>();
  /** Which model answers; in the receipts. */
  serving: ServingFacts | null = null;
  #charging = false;
  #paid: { sale: Sale; cashier: Cashier } | null = null;
  #work: 'none' | 'begun' | 'done' | 'failed' | 'given up' = 'none';

  constructor(facts: CallFacts) {
    this.#facts = facts;
    // It may be that nothing waits for it.
    this.#refused.promise.catch(() => undefined);
  }

  /** The call that this code works for; undefined outside of one. */
  static current(): PaidCall | undefined {
    return current.getStore();
  }

  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  /** Resolves with what is answered instead, if no work may be done. */
  get refused(): Promise<Response> {
    return this.#refused.promise;
  }

  /** What was paid; null if nothing was asked for. */
  get sale(): Sale | null {
    return this.#paid?.sale ?? null;
  }

  get cashier(): Cashier | null {
    return this.#paid?.cashier ?? null;
  }

  /** Resolves when the work has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isDone(): boolean {
    return this.#work === 'done';
  }

  /**
   * Take the payment of this request.
   * @throws ChorusError `E_PAYMENT_REQUIRED` if no work may be done: `refused` has the answer
   */
  async charge(cashier: Cashier, offer: Offer): Promise<void> {
    // One request pays for one piece of work, whatever protocol it speaks.
    if (this.#charging) throw notPaid();
    this.#charging = true;
    const charged = await cashier.charge(offer, this.#facts).catch((error: unknown) => {
      this.#refused.reject(error);
      throw error;
    });
    if (charged.kind === 'paid') {
      this.#paid = { sale: charged.sale, cashier };
      return;
    }
    this.#refused.resolve(
      charged.kind === 'refused' ? charged.response : again(charged.answer, charged.sale, cashier),
    );
    throw notPaid();
  }

  /**
   * Begin the work; each payment begins it once.
   * @returns to be called with how it ended; of `no place` nothing was done, which is no try of the work
   * @throws ChorusError `E_PAYMENT_REQUIRED`
   */
  begin(agent: string): (ending: 'done' | 'failed' | 'no place') => void {
    const paid = this.#paid;
    if (!paid || paid.sale.agent !== agent || this.#work !== 'none') throw notPaid();
    const { sale, cashier } = paid;
    cashier.store.running(sale);
    this.#work = 'begun';
    return (ending) => {
      if (this.#work !== 'begun') return;
      this.#work = ending === 'done' ? 'done' : 'failed';
      try {
        if (ending === 'done') cashier.store.answered(sale, Date.now());
        else cashier.store.owed(sale, ending === 'failed');
      } finally {
        cashier.release(sale);
        this.#ended.resolve();
      }
    };
  }

  /** The request has ended, and its work never began: it stays owed. */
  giveUp(): void {
    if (!this.#paid || this.#work !== 'none') return;
    this.#work = 'given up';
    this.#paid.cashier.release(this.#paid.sale);
    this.#ended.resolve();
  }
}

function again({ status, contentType, body }: KeptAnswer, sale: Sale, { channels }: Cashier): Response {
  const headers = { 'content-type': contentType, ...settledHeaders(sale, channels) };
  return new Response(body.slice(), { status, headers });
}

export function notPaid(): ChorusError {
  return new ChorusError('E_PAYMENT_REQUIRED', 'this agent is paid for each call', {
    hint: 'pay by x402: the answer 402 says how much, and to whom',
  });
}
