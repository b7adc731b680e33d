import { randomBytes, randomUUID } from 'node:crypto';
import type { HireRequest, OrderDocument } from '@chorus/admin-api';
import { ChorusError, type Explanation, explain, toHex } from '@chorus/protocol';
import type { Candidate, Order, Orders } from '../store/orders.ts';
import { type AnsweredAsk, priceOf } from './asks.ts';
import { orderDocument } from './order-document.ts';
import type { OrderSteps } from './order-steps.ts';

export interface HiringOptions {
  orders: Orders;
  steps: OrderSteps;
  answered: (askId: string) => AnsweredAsk;
  onState: (order: Order) => void;
  onError: (failure: Explanation) => void;
  signal: AbortSignal;
}

/**
 * Orders of this node: given to the best answer, and to the next if it does not take it, as long as nothing is paid. Every
 * step is in the store before the next begins.
 */
export class Hiring {
  readonly #options: HiringOptions;
  readonly #busy = new Map<string, Promise<void>>();

  constructor(options: HiringOptions) {
    this.#options = options;
  }

  /**
   * Begin an order.
   * @throws ChorusError `E_MARKET_UNKNOWN`; `E_MARKET_ASK` if no agent can be hired for what was agreed to
   */
  hire(askId: string, { input, most }: HireRequest): OrderDocument {
    const ask = this.#options.answered(askId);
    const limit = BigInt(most);
    const fit = ask.ranked.filter(({ unfit }) => unfit === null);
    const agreed = fit.filter(({ contender }) => contender.units <= limit);
    if (agreed.length === 0) throw noAgent(ask, fit.length);
    const order: Order = {
      ...{ orderId: randomUUID(), askId, text: ask.text, at: Date.now(), state: 'hiring' },
      input: input === undefined ? ask.text : input,
      candidates: agreed.map(({ contender }) => candidateOf(contender, ask)),
      ...{ tried: [], with: null, document: null, description: null },
      salt: toHex(new Uint8Array(randomBytes(32))),
      ...{ jobId: null, answer: null, problem: null },
    };
    this.#options.orders.put(order);
    this.#begin(order.orderId);
    return orderDocument(order);
  }

  list(): OrderDocument[] {
    return this.#options.orders.list().map(orderDocument);
  }

  /** @throws ChorusError `E_MARKET_UNKNOWN` */
  show(orderId: string): OrderDocument {
    const order = this.#options.orders.get(orderId);
    if (order) return orderDocument(order);
    throw new ChorusError('E_MARKET_UNKNOWN', 'this node has no such order', {
      hint: 'see: chorus market order list',
    });
  }

  /** Go on with what is open. */
  turn(): void {
    for (const { orderId } of this.#options.orders.open()) this.#begin(orderId);
  }

  /** Resolves when nothing is being done any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  #begin(orderId: string): void {
    if (this.#busy.has(orderId) || this.#options.signal.aborted) return;
    const doing = this.#goOn(orderId).finally(() => this.#busy.delete(orderId));
    this.#busy.set(orderId, doing);
  }

  async #goOn(orderId: string): Promise<void> {
    const { orders, steps, onState, onError, signal } = this.#options;
    try {
      for (;;) {
        const order = orders.get(orderId);
        if (!order || signal.aborted) return;
        const before = order.state;
        const changed = await steps.next(order);
        if (!changed) return;
        orders.put(order);
        if (order.state !== before) onState(order);
      }
    } catch (error) {
      if (!signal.aborted) onError(explain(error));
    }
  }
}

function candidateOf(
  contender: AnsweredAsk['ranked'][number]['contender'],
  { token }: AnsweredAsk,
): Candidate {
  const { agentId, title, offer, wallet, units, seconds, heard } = contender;
  const { kind, peer } = heard.answer;
  return {
    ...{ agentId: agentId.toString(), title, offer, kind, peer, wallet, seconds, token: token.address },
    ...{ units: units.toString(), priceText: priceOf(contender, token) },
    answer: Buffer.from(heard.bytes).toString('base64'),
  };
}

function noAgent({ ranked }: AnsweredAsk, fit: number): ChorusError {
  const hint =
    ranked.length === 0
      ? 'no agent answered: ask again with other words, a higher budget or more time'
      : fit === 0
        ? 'the table says why: raise --budget or --within, or lower --min-score and --trust'
        : 'agree to a higher price';
  return new ChorusError('E_MARKET_ASK', 'no agent can be hired for this', {
    facts: { answers: ranked.length },
    hint,
  });
}
