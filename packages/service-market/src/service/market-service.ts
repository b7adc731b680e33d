import type { MarketDocument, MarketWithdrawn, Status } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import { MARKET_JOBS } from '@chorus/market';
import type { Components, Service } from '@chorus/node';
import { type Address, type ChainPort, ChorusError } from '@chorus/protocol';
import { BoundedSet, pause } from '@chorus/utils';
import type { MarketNodeConfig } from '../config/market-config.ts';
import { JobFiles } from '../files/job-files.ts';
import { timeText } from '../jobs/job-document.ts';
import { jobsPort } from '../jobs/jobs-port.ts';
import { MarketJobs } from '../jobs/market-jobs.ts';
import { MarketRecords } from '../store/market-records.ts';
import { MarketWatch } from '../watch/market-watch.ts';

/** The latest jobs, whose tokens a withdrawal asks for. */
const MOST_TOKENS_OF = 100;

/** Jobs that the node does by itself, of which its owner is not reminded. */
const MOST_AUTOMATIC = 4_096;

/** What of the host the market uses. */
export type MarketComponents = Pick<
  Components<MarketNodeConfig>,
  'config' | 'ports' | 'store' | 'signal' | 'emit'
>;

/** Jobs of a node: kept in view while it runs, and open to its owner by the admin API. */
export class MarketService implements Service {
  readonly jobs: MarketJobs;
  readonly #chain: ChainPort;
  readonly #records: MarketRecords;
  readonly #watch: MarketWatch;
  readonly #checkMilliseconds: number;
  readonly #automatic = new BoundedSet<bigint>(MOST_AUTOMATIC);
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor({ config: { market }, ports: { chain, storage }, store, signal, emit }: MarketComponents) {
    this.#chain = chain;
    this.#records = new MarketRecords(store);
    this.#checkMilliseconds = market.checkSeconds * 1_000;
    const records = this.#records;
    const files = new JobFiles(storage, (cid) => records.keepFile(cid));
    this.jobs = new MarketJobs({ chain, records, files });
    this.#watch = new MarketWatch({
      ...{ chain, records, files, jobs: this.jobs, config: market, emit },
      isAutomatic: (jobId) => this.#automatic.has(jobId),
      signal: AbortSignal.any([signal, this.#stopping.signal]),
    });
  }

  /** What services that trade get. */
  get capabilities() {
    return { [MARKET_JOBS]: jobsPort(this.jobs, this.#records, this.#automatic) };
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  pinned(): Iterable<string> {
    return this.#records.files();
  }

  async status(): Promise<Pick<Status, 'market'>> {
    const open = this.#records.mine({ ended: false, most: MOST_TOKENS_OF }).length;
    return { market: { jobs: open, waiting: [...this.#watch.waiting] } };
  }

  /** What jobs go by, the seat of this node, and what it is owed. */
  async overview(wanted?: Address): Promise<MarketDocument> {
    const chain = this.#chain;
    const [terms, agentId] = await Promise.all([this.jobs.terms(), chain.identity()]);
    const takenAt = agentId === null ? null : await chain.seatTakenAt(agentId);
    const token = wanted ?? terms.stakeToken;
    const [owed, decimals, symbol] = await Promise.all([
      this.#owed(),
      decimalsOf(chain, token),
      chain.symbol(token).catch(() => null),
    ]);
    const { seatStake, ...plain } = terms;
    return {
      account: chain.account,
      token: { token, symbol, decimals },
      ...{ ...plain, seatStake: `${seatStake}` },
      seat: takenAt === null ? null : { agentId: `${agentId}`, takenAt: timeText(takenAt) },
      owed,
      waiting: this.#watch.waiting.length,
    };
  }

  /** @throws ChorusError of the chain, `E_JOB_VOTE` without an identity */
  async seat(take: boolean): Promise<MarketDocument> {
    const chain = this.#chain;
    const agentId = await chain.identity();
    if (agentId === null) {
      throw new ChorusError('E_JOB_VOTE', 'this wallet has no identity, and so no seat', {
        hint: 'deposit stake, which registers one: chorus stake deposit',
      });
    }
    if (take) {
      await chain.takeSeat(agentId);
      // Jobs that are open may be funded from now on, and then this seat may judge them.
      const count = await chain.jobCount();
      const back = count - BigInt(MOST_TOKENS_OF);
      if (back < this.#records.cursor) this.#records.cursor = back > 0n ? back : 0n;
    } else await chain.leaveSeat(agentId);
    return this.overview();
  }

  /** Take out all that is owed. A token that fails keeps none of the others back: it is reported if nothing was paid. */
  async withdraw(): Promise<MarketWithdrawn> {
    const { payments, bonds } = await this.#owed();
    const withdrawn: MarketWithdrawn['withdrawn'] = [];
    const sums = [
      ...payments.map((sum) => ({ what: 'payments' as const, ...sum })),
      ...bonds.map((sum) => ({ what: 'bonds' as const, ...sum })),
    ];
    let failure: { error: unknown } | null = null;
    for (const { what, token, decimals } of sums) {
      try {
        const { amount, transaction } = await this.#chain.withdrawFromMarket(token as Address, what);
        withdrawn.push({ what, token, decimals, amount: `${amount}`, transaction });
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure && withdrawn.length === 0) throw failure.error;
    return { withdrawn };
  }

  /** One look at the jobs, now. */
  look(): Promise<void> {
    return this.#watch.look();
  }

  async #owed(): Promise<MarketDocument['owed']> {
    const chain = this.#chain;
    const ids = this.#records.mine({ ended: true, most: MOST_TOKENS_OF });
    const { stakeToken } = await this.jobs.terms();
    const tokens = new Set([
      stakeToken,
      ...(await Promise.all(ids.map(async (id) => (await chain.job(id)).token))),
    ]);
    const owed: MarketDocument['owed'] = { payments: [], bonds: [] };
    for (const token of tokens) {
      const found = await chain.owedByMarket(token, chain.account);
      for (const what of ['payments', 'bonds'] as const) {
        if (found[what] === 0n) continue;
        owed[what].push({ token, decimals: await decimalsOf(chain, token), amount: `${found[what]}` });
      }
    }
    return owed;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#watch.look();
      await pause(this.#checkMilliseconds, signal);
    }
  }
}
