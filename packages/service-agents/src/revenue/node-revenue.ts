import type {
  CollectionDocument,
  RevenueClaimed,
  RevenueClaimRequest,
  RevenueDocument,
  TillDocument,
  UnitLaunchRequest,
  UnitsDocument,
  UnitTraded,
  UnitTradeRequest,
} from '@chorus/admin-api';
import { type Address, type ChainPort, ChorusError, type Hex } from '@chorus/protocol';
import type { Holdings } from './holdings.ts';
import { amountIn, collectTill, tillDocument, waitingIn } from './tills.ts';
import { launchUnits, tradeUnits, unitsDocument } from './unit-trades.ts';

export interface RevenueOptions {
  chain: ChainPort;
  /** Those that the node pays and is paid with. */
  tokens: readonly Address[];
  /** Agents of this node that have an identity. */
  registrations: { all(): { name: string; agentId: bigint }[] };
  holdings: Pick<Holdings, 'all' | 'add'>;
}

/** What agents, royalties and units bring to the wallet of a node. Methods throw ChorusError of the chain. */
export class NodeRevenue {
  readonly #options: RevenueOptions;

  constructor(options: RevenueOptions) {
    this.#options = options;
  }

  till(agentId: bigint): Promise<TillDocument> {
    const { tokens, chain } = this.#options;
    return tillDocument(agentId, tokens, chain);
  }

  collect(agentId: bigint): Promise<CollectionDocument> {
    const { tokens, chain } = this.#options;
    return collectTill(agentId, tokens, chain);
  }

  /** @param amount of units that prices are for */
  units(agentId: bigint, amount = 1n): Promise<UnitsDocument> {
    return unitsDocument(agentId, amount, this.#options.chain);
  }

  async launchUnits(agentId: bigint, request: UnitLaunchRequest): Promise<UnitsDocument> {
    const { tokens, chain, holdings } = this.#options;
    const token = request.token ?? tokens[0];
    if (token === undefined) {
      throw new ChorusError('E_AGENT_PRICE', 'the units need a token', {
        hint: 'name one with --token, or the token of your network: chorus config set agents.tokens \'["0x..."]\'',
      });
    }
    holdings.add(agentId);
    return launchUnits(agentId, request, token as Address, chain);
  }

  buyUnits(agentId: bigint, request: UnitTradeRequest): Promise<UnitTraded> {
    // Known before it is paid: a node that dies in between still shows the revenue.
    this.#options.holdings.add(agentId);
    return tradeUnits('buy', agentId, request, this.#options.chain);
  }

  sellUnits(agentId: bigint, request: UnitTradeRequest): Promise<UnitTraded> {
    return tradeUnits('sell', agentId, request, this.#options.chain);
  }

  /** @param tasks that the wallet trained in */
  async overview(tasks: readonly bigint[]): Promise<RevenueDocument> {
    const { chain, tokens, registrations } = this.#options;
    const { account } = chain;
    const known = await this.#tokens();
    if (!(await this.#hasTills()))
      return { account, tokens: known, tills: [], owed: [], royalties: [], units: [] };
    const [tills, owed, royalties, units] = await Promise.all([
      Promise.all(
        registrations.all().map(async ({ name, agentId }) => ({
          agentId: agentId.toString(),
          agent: name,
          address: (await chain.till(agentId)).address,
          waiting: await waitingIn(agentId, tokens, chain),
        })),
      ),
      this.#amounts((token) => chain.owedByTills(token, account)),
      this.#amounts((token) => chain.royalties(token, account, [...tasks])),
      this.#held(),
    ]);
    return { account, tokens: known, tills, owed, royalties, units };
  }

  /** Collect the tills of this node, and pay out what the wallet is owed by anyone. What was paid stays paid if a later part fails. */
  async claim({ tasks = [] }: RevenueClaimRequest): Promise<RevenueClaimed> {
    const { chain, registrations, tokens } = this.#options;
    const paid: RevenueClaimed['paid'] = [];
    if (!(await this.#hasTills())) return { paid };
    const note = async (
      from: RevenueClaimed['paid'][number]['from'],
      token: Address,
      { amount, transaction }: { amount: bigint; transaction: Hex },
    ) => {
      paid.push({ from, ...(await amountIn(token, amount, chain)), transaction });
    };
    for (const { agentId } of registrations.all()) await this.collect(agentId);
    const trained = tasks.map(BigInt);
    for (const token of tokens) {
      if ((await chain.owedByTills(token, chain.account)) > 0n) {
        await note('tills', token, await chain.withdrawFromTills(token));
      }
      if (trained.length > 0 && (await chain.royalties(token, chain.account, trained)) > 0n) {
        await note('royalties', token, await chain.claimRoyalties(token, trained));
      }
    }
    const due = (await this.#held()).filter(({ revenue }) => revenue.amount !== '0');
    for (const { agentId, revenue } of due) {
      const { amounts, transaction } = await chain.claimUnitRevenue([BigInt(agentId)]);
      for (const { amount } of amounts)
        await note('units', revenue.token as Address, { amount, transaction });
    }
    return { paid };
  }

  /** Networks from before there were any have none: nothing is earned there but by training. */
  async #hasTills(): Promise<boolean> {
    return (await this.#options.chain.tillOf(0n)) !== null;
  }

  #tokens(): Promise<RevenueDocument['tokens']> {
    const { tokens, chain } = this.#options;
    return Promise.all(
      tokens.map(async (token) => ({
        token,
        symbol: await chain.symbol(token).catch(() => null),
        decimals: await chain.decimals(token).catch(() => null),
      })),
    );
  }

  /** Units that the wallet has, or whose revenue it has not claimed. */
  async #held(): Promise<RevenueDocument['units']> {
    const { chain, holdings } = this.#options;
    const known = await Promise.all(holdings.all().map((agentId) => chain.units(agentId)));
    const some = known.flatMap((units) => (units && units.held + units.revenue > 0n ? [units] : []));
    return Promise.all(
      some.map(async ({ agentId, held, token, revenue }) => ({
        agentId: agentId.toString(),
        held: held.toString(),
        revenue: await amountIn(token, revenue, chain),
      })),
    );
  }

  async #amounts(read: (token: Address) => Promise<bigint>) {
    const { tokens, chain } = this.#options;
    const found = await Promise.all(tokens.map(async (token) => ({ token, amount: await read(token) })));
    const some = found.filter(({ amount }) => amount > 0n);
    return Promise.all(some.map(({ token, amount }) => amountIn(token, amount, chain)));
  }
}
