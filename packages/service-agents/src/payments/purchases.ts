import type { EndPaymentRequest, PaidDocument, PayRequest, ResumePaymentRequest } from '@chorus/admin-api';
import { type Cap, type Caps, type Paid, Payer, PurchasesStore } from '@chorus/payments';
import { type Address, type ChainPort, ChorusError, parseSum, sumText } from '@chorus/protocol';
import type { AgentsConfig } from '../config/agents-config.ts';
import { amountOf, knownToken } from './price.ts';

type Store = ConstructorParameters<typeof PurchasesStore>[0];

/** What this node's wallet pays for calls of other agents. */
export class Purchases {
  readonly store: PurchasesStore;
  readonly #config: AgentsConfig;
  readonly #chain: ChainPort;

  constructor(config: AgentsConfig, chain: ChainPort, store: Store) {
    this.#config = config;
    this.#chain = chain;
    this.store = new PurchasesStore(store);
  }

  async resume({ intent, request }: ResumePaymentRequest): Promise<{ payment: PaidDocument | null }> {
    const paid = await (await this.#payer()).resume(intent, request);
    return { payment: paid && (await this.#documentOf(paid)) };
  }

  /** @throws ChorusError `E_PAYMENT_*`, `E_AGENT_PRICE`, `E_CHAIN_*` */
  async pay({ agent, intent, request, required, most, approved = false }: PayRequest): Promise<PaidDocument> {
    const payer = await this.#payer();
    const order = { agent, intent, request, required, most: await this.#mostOf(most), approved };
    try {
      return await this.#documentOf(await payer.pay(order));
    } catch (error) {
      throw await this.#inTokens(error);
    }
  }

  /** @throws ChorusError `E_PAYMENT_UNKNOWN` */
  async end(id: string, ending: EndPaymentRequest): Promise<void> {
    (await this.#payer()).ended(id, ending);
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
    return new Payer({ store: this.store, chain: this.#chain, tokens, caps });
  }

  /** The most that a user allows; an amount alone is of the only token. */
  async #mostOf(text: string): Promise<Cap> {
    const { tokens } = this.#config;
    const alone = /^\s*[\d.]+\s*$/.test(text);
    if (!alone || tokens.length !== 1) return this.#capOf(text);
    return this.#capOf(`${text.trim()} ${tokens[0]}`);
  }

  async #capOf(text: string): Promise<Cap> {
    const sum = parseSum(text);
    if (!sum) {
      throw new ChorusError('E_AGENT_PRICE', 'this is not a sum of money', {
        facts: { given: text.slice(0, 100), tokens: this.#config.tokens.length },
        hint: 'give an amount and its token, such as 0.05 CHOR; agents.tokens lists the tokens',
      });
    }
    const { token, units, text: exact } = await amountOf(sum, this.#config.tokens, this.#chain);
    return { token: token.address, units, text: exact };
  }

  async #documentOf({ id, header, nonce, token, amount }: Paid): Promise<PaidDocument> {
    const { symbol, decimals } = await knownToken(token, this.#chain);
    return { id, header, nonce, token, symbol, decimals, amount: amount.toString() };
  }
}
