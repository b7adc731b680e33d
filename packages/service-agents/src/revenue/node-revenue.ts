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
import { decimalsOf } from '@chorus/chain';
import { type Address, type ChainPort, ChorusError, explain, type Hex, hasCode } from '@chorus/protocol';
import type { Holdings } from './holdings.ts';
import { claimPrepaid, type Prepaid, prepaidSums } from './prepaid.ts';
import { amountIn, amountsIn, collectTill, tillDocument, waitingIn } from './tills.ts';
import { launchUnits, tradeUnits, unitsDocument } from './unit-trades.ts';

/** Tasks that one call reads or claims, so that its gas stays within a transaction's bound (EIP-7825: 2^24). */
const TASKS_AT_ONCE = 20;

function batchesOf(tasks: readonly bigint[]): bigint[][] {
  const all = [...new Set(tasks)];
  return Array.from({ length: Math.ceil(all.length / TASKS_AT_ONCE) }, (_, i) =>
    all.slice(i * TASKS_AT_ONCE, (i + 1) * TASKS_AT_ONCE),
  );
}

export interface RevenueOptions {
  chain: ChainPort;
  /** Those that the node pays and is paid with. */
  tokens: readonly Address[];
  /** Agents of this node that have an identity. */
  registrations: { all(): { name: string; agentId: bigint }[] };
  holdings: Pick<Holdings, 'all' | 'add'>;
  /** Channels of callers. */
  prepaid: Prepaid;
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
    const credits = await prepaidSums(this.#options.prepaid, chain);
    if (!(await this.#hasTills()))
      return { account, tokens: known, tills: [], owed: [], royalties: [], credits, units: [] };
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
      this.#amounts((token) => this.#royalties(token, tasks)),
      this.#held(),
    ]);
    return { account, tokens: known, tills, owed, royalties, credits, units };
  }

  /** Collect the tills of this node, and pay out what the wallet is owed by anyone; a part that fails stops no other. */
  async claim({ tasks = [] }: RevenueClaimRequest): Promise<RevenueClaimed> {
    const { chain, registrations, tokens, prepaid } = this.#options;
    const paid: RevenueClaimed['paid'] = [];
    const note = async (
      from: RevenueClaimed['paid'][number]['from'],
      token: Address,
      { amount, transaction }: { amount: bigint; transaction: Hex },
    ) => {
      paid.push({ from, ...(await amountIn(token, amount, chain)), transaction });
    };
    const failed: RevenueClaimed['failed'] = [];
    /** A token that misbehaves must not keep the others from being paid. */
    const part = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (hasCode(error, 'E_CHAIN_UNREACHABLE')) throw error;
        const { code, message, hint } = explain(error);
        failed.push({ code, message, hint });
      }
    };
    // First: what is claimed is in the tills then.
    await part(async () => void paid.push(...(await claimPrepaid(prepaid))));
    if (!(await this.#hasTills())) return { paid, failed };
    for (const { agentId } of registrations.all()) await part(() => this.collect(agentId));
    for (const token of tokens) {
      await part(async () => {
        if ((await chain.owedByTills(token, chain.account)) === 0n) return;
        await note('tills', token, await chain.withdrawFromTills(token));
      });
      for (const some of batchesOf(tasks.map(BigInt))) {
        await part(async () => {
          if ((await chain.royalties(token, chain.account, some)) === 0n) return;
          await note('royalties', token, await chain.claimRoyalties(token, some));
        });
      }
    }
    for (const { agentId, revenue } of await this.#held()) {
      if (revenue.amount === '0') continue;
      await part(async () => {
        const { amounts, transaction } = await chain.claimUnitRevenue([BigInt(agentId)]);
        for (const { amount } of amounts) {
          await note('units', revenue.token as Address, { amount, transaction });
        }
      });
    }
    return { paid, failed };
  }

  async #royalties(token: Address, tasks: readonly bigint[]): Promise<bigint> {
    const { chain } = this.#options;
    const parts = batchesOf(tasks).map((some) => chain.royalties(token, chain.account, some));
    return (await Promise.all(parts)).reduce((sum, part) => sum + part, 0n);
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
        decimals: await decimalsOf(chain, token),
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
    return amountsIn(tokens, read, chain);
  }
}
