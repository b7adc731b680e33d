import type { EndPaymentRequest, PaidDocument, PayRequest, ResumePaymentRequest } from '@chorus/admin-api';
import { type Cap, type Caps, CreditsStore, type Paid, Payer, PurchasesStore } from '@chorus/payments';
import {
  type Address,
  type ChainPort,
  type ChannelConfig,
  ChorusError,
  type Hex,
  sumText,
} from '@chorus/protocol';
import type { AgentsConfig } from '../config/agents-config.ts';
import { knownToken, writtenAmount } from './price.ts';

type Store = ConstructorParameters<typeof PurchasesStore>[0];

/** What this node's wallet pays for calls of other agents. */
export class Purchases {
  readonly store: PurchasesStore;
  readonly #config: AgentsConfig;
  readonly #chain: ChainPort;
  readonly #credits: CreditsStore;

  constructor(config: AgentsConfig, chain: ChainPort, store: Store) {
    this.#config = config;
    this.#chain = chain;
    this.store = new PurchasesStore(store);
    this.#credits = new CreditsStore(store);
  }

  async resume({ intent, request }: ResumePaymentRequest): Promise<{ payment: PaidDocument | null }> {
    const paid = await (await this.#payer()).resume(intent, request);
    return { payment: paid && (await this.#documentOf(paid)) };
  }

  /** @throws ChorusError `E_PAYMENT_*`, `E_AGENT_PRICE`, `E_CHAIN_*` */
  async pay({ agent, intent, request, required, most, approved = false }: PayRequest): Promise<PaidDocument> {
    const payer = await this.#payer();
    const order = {
      ...{ agent, intent, request, required, approved },
      most: most === null ? null : await this.#capOf(most),
    };
    try {
      return await this.#documentOf(await payer.pay(order));
    } catch (error) {
      throw await this.#inTokens(error);
    }
  }

  /** @throws ChorusError `E_PAYMENT_UNKNOWN` */
  async end(id: string, ending: EndPaymentRequest): Promise<boolean> {
    return (await this.#payer()).ended(id, ending);
  }

  /** What a cap refuses, in whole tokens. */
  async #inTokens(error: unknown): Promise<unknown> {
    if (!(error instanceof ChorusError) || typeof error.facts.amount !== 'bigint') return error;
    const { amount, token: address, ...facts } = error.facts;
    const token = await knownToken(String(address) as Address, this.#chain).catch(() => null);
    if (!token) return error;
    const costs = sumText(amount, token.decimals, token.symbol);
    const { code, message, hint } = error;
    return new ChorusError(code, message, {
      facts: { costs, ...facts },
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }

  /** A channel that this wallet has paid from. */
  channel(id: Hex): ChannelConfig | null {
    return this.#credits.find(id)?.config ?? null;
  }

  async #payer(): Promise<Payer> {
    const { perCall, perDay, perAgentDay, approveAbove } = this.#config.spend;
    const [call, day, agentDay, above] = await Promise.all(
      [perCall, perDay, perAgentDay, approveAbove].map((text) =>
        text === undefined ? null : this.#capOf(text),
      ),
    );
    const caps: Caps = {
      perCall: call ?? null,
      perDay: day ?? null,
      perAgentDay: agentDay ?? null,
      approveAbove: above ?? null,
    };
    const tokens = this.#config.tokens.map((token) => token.toLowerCase() as Address);
    return new Payer({ store: this.store, credits: this.#credits, chain: this.#chain, tokens, caps });
  }

  async #capOf(written: string): Promise<Cap> {
    const { token, units, text } = await writtenAmount(written, this.#config.tokens, this.#chain);
    return { token: token.address, units, text };
  }

  async #documentOf({ id, header, nonce, token, amount, channel }: Paid): Promise<PaidDocument> {
    const { symbol, decimals } = await knownToken(token, this.#chain);
    return { id, header, nonce, token, symbol, decimals, amount: amount.toString(), channel };
  }
}
