import type {
  AddCreditRequest,
  CreditDocument,
  CreditList,
  CreditsClaimed,
  HeldChannelDocument,
  OpenCreditRequest,
} from '@chorus/admin-api';
import {
  type ChannelKeeper,
  type Credit,
  Credits,
  CreditsStore,
  type HeldChannel,
  HeldChannels,
  mustBeOpen,
  unclaimedIn,
  unlessOpen,
} from '@chorus/payments';
import { type Address, type ChainPort, type ChannelConfig, ChorusError, type Hex } from '@chorus/protocol';
import type { AgentsConfig } from '../config/agents-config.ts';
import { type Amount, knownToken, writtenAmount } from './price.ts';

type Store = ConstructorParameters<typeof CreditsStore>[0];

/** Gas of a deposit into a channel, as the tests measure it (`gas.json`), and a margin. */
const DEPOSIT_GAS = 180_000n;
/** Channels of callers that are listed. */
const MOST_LISTED = 500;

/** Prepaid channels of a node: what its wallet has paid in, and what callers of its agents have. Methods throw ChorusError. */
export class NodeCredits {
  readonly #config: AgentsConfig;
  readonly #chain: ChainPort;
  readonly #credits: Credits;
  readonly #channels: HeldChannels;
  readonly #keeper: () => Promise<ChannelKeeper>;

  constructor(config: AgentsConfig, chain: ChainPort, store: Store, keeper: () => Promise<ChannelKeeper>) {
    this.#config = config;
    this.#chain = chain;
    const tokens = config.tokens.map((token) => token.toLowerCase() as Address);
    this.#credits = new Credits({ store: new CreditsStore(store), chain, tokens });
    this.#channels = new HeldChannels(store);
    this.#keeper = keeper;
  }

  async list(): Promise<CreditList> {
    const { enabled, withdrawHours, claimCalls, claimHours } = this.#config.channels;
    const credits: CreditDocument[] = [];
    for (const credit of this.#credits.store.list()) credits.push(await this.#creditOf(credit));
    const channels: HeldChannelDocument[] = [];
    for (const channel of this.#channels.list(MOST_LISTED)) channels.push(await this.#channelOf(channel));
    return { credits, channels, rules: { enabled, withdrawHours, claimCalls, claimHours } };
  }

  async open({ agent, accepts, amount, dryRun = false }: OpenCreditRequest): Promise<CreditDocument> {
    const { token, units } = aboveZero(await writtenAmount(amount, this.#config.tokens, this.#chain));
    const offer = { agent, accepts: accepts.filter((entry) => isIn(entry, token.address)) };
    if (!dryRun) return this.#creditOf(await this.#credits.open(offer, units));
    const found = await this.#credits.find(offer);
    if ('state' in found) return { ...(await this.#creditOf(unlessOpen(found))), cost: await this.#cost() };
    return this.#planned(agent, found.config, units);
  }

  async add(text: string, { amount, dryRun = false }: AddCreditRequest): Promise<CreditDocument> {
    const credit = this.#credits.named(text);
    const { units } = aboveZero(await writtenAmount(amount, [credit.config.token], this.#chain));
    if (!dryRun) return this.#creditOf(await this.#credits.add(credit.id, units));
    if (credit.deposit === null) mustBeOpen(credit);
    return { ...(await this.#creditOf(credit)), cost: await this.#cost() };
  }

  async close(text: string): Promise<CreditDocument> {
    return this.#creditOf(await this.#credits.close(this.#credits.named(text).id));
  }

  async claim(): Promise<CreditsClaimed> {
    const claims: CreditsClaimed['claims'] = [];
    for (const { transaction, channels, amounts } of await (await this.#keeper()).claimAll()) {
      const sums: CreditsClaimed['claims'][number]['amounts'] = [];
      for (const [token, amount] of amounts) {
        sums.push({ ...(await this.#money(token as Address)), amount: amount.toString() });
      }
      claims.push({ transaction, channels, amounts: sums });
    }
    return { claims };
  }

  async #planned(agent: string, config: ChannelConfig, units: bigint): Promise<CreditDocument> {
    return {
      id: null,
      agent,
      receiver: config.receiver,
      ...(await this.#money(config.token)),
      state: 'new',
      balance: units.toString(),
      spent: '0',
      left: units.toString(),
      begun: null,
      withdrawSeconds: config.withdrawDelay,
      availableAt: null,
      transaction: null,
      cost: await this.#cost(),
    };
  }

  async #creditOf(credit: Credit): Promise<CreditDocument> {
    const { id, agent, config, state, balance, availableAt, transaction } = credit;
    const spent = this.#credits.store.nextCeiling(credit, 0n);
    const left = state === 'closed' || balance < spent ? 0n : balance - spent;
    return {
      id,
      agent,
      receiver: config.receiver,
      ...(await this.#money(config.token)),
      state,
      balance: balance.toString(),
      spent: spent.toString(),
      left: left.toString(),
      begun: credit.deposit?.amount.toString() ?? null,
      withdrawSeconds: config.withdrawDelay,
      availableAt: availableAt === null ? null : time(availableAt * 1000),
      transaction,
      cost: null,
    };
  }

  async #channelOf(channel: HeldChannel): Promise<HeldChannelDocument> {
    const { id, config, agent, balance, charged, claimed, calls, waiting, closingAt, claimTransaction } =
      channel;
    return {
      ...{ id, payer: config.payer, receiver: config.receiver, agent },
      ...(await this.#money(config.token)),
      balance: balance.toString(),
      charged: charged.toString(),
      claimed: claimed.toString(),
      unclaimed: unclaimedIn(channel).toString(),
      ...{ calls, waiting, claimTransaction: claimTransaction as Hex | null },
      closingAt: closingAt === null ? null : time(closingAt * 1000),
    };
  }

  async #money(token: Address) {
    const known = await knownToken(token, this.#chain).catch(() => null);
    return { token, symbol: known?.symbol ?? null, decimals: known?.decimals ?? null };
  }

  async #cost(): Promise<{ gas: string; wei: string }> {
    const { gasPrice } = await this.#chain.pace();
    return { gas: DEPOSIT_GAS.toString(), wei: (DEPOSIT_GAS * gasPrice).toString() };
  }
}

function aboveZero(amount: Amount): Amount {
  if (amount.units > 0n) return amount;
  throw new ChorusError('E_AGENT_PRICE', 'a deposit has to be above 0', {
    facts: { given: amount.text },
    hint: 'give what calls will cost, such as 20 CHOR',
  });
}

const time = (ms: number) => new Date(ms).toISOString();

/** Whether an entry of x402 is in a token. */
const isIn = (entry: unknown, token: Address): boolean =>
  String((entry as { asset?: unknown } | null)?.asset).toLowerCase() === token;
