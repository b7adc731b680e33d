import type { Components } from '@chorus/node';
import type { ChannelKeeper } from '@chorus/payments';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { Selling } from './selling.ts';
import type { PaymentsSource } from './source.ts';
import { watchChannels } from './watch-channels.ts';

/** What a node's agents are paid, and what it pays others. A node without a price and without a paid call loads none of it. */
export class NodePayments {
  readonly #components: Components<AgentsNodeConfig>;
  /** Made with the first agent that has a price. */
  #selling: Promise<Selling> | null = null;
  #source: PaymentsSource | null = null;
  #keeper: Promise<ChannelKeeper> | null = null;

  constructor(components: Components<AgentsNodeConfig>) {
    this.#components = components;
  }

  /** Answer a request that may be for an agent with a price: what it does is done only if it is paid. */
  async serve(
    request: Request,
    caller: string,
    answer: (request: Request) => Promise<Response>,
  ): Promise<Response> {
    if (!this.#selling) return answer(request);
    return (await this.#selling).serve(request, caller, answer);
  }

  /** What takes payments. */
  selling(): Promise<Selling> {
    this.#selling ??= import('./selling.ts').then(({ openSelling }) => openSelling(this.#components));
    return this.#selling;
  }

  /** What claims the vouchers of prepaid channels. */
  keeper(): Promise<ChannelKeeper> {
    this.#keeper ??= import('./claims.ts').then(({ openKeeper }) =>
      openKeeper(this.#components.ports.chain, this.#components),
    );
    return this.#keeper;
  }

  /** Claims what prepaid channels owe, until `signal` aborts. */
  watch(signal: AbortSignal): Promise<void> {
    return watchChannels(this.#components, () => this.keeper(), signal);
  }

  /** What was paid, both ways. */
  async source(): Promise<PaymentsSource> {
    const { config, ports, store } = this.#components;
    const { paymentsOf } = await import('./source.ts');
    this.#source ??= paymentsOf(config, ports.chain, store, () => this.keeper());
    return this.#source;
  }
}
