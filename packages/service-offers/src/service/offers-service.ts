import type {
  HireRequest,
  MarketAsk,
  MarketAskRequest,
  OfferList,
  OrderDocument,
  OrderList,
} from '@chorus/admin-api';
import { MARKET_AGENTS, MARKET_JOBS, type MarketAgents, type MarketJobsPort } from '@chorus/market';
import type { Components, Service } from '@chorus/node';
import { type ChainPort, explain, hasCode, sumText } from '@chorus/protocol';
import { Wakeable } from '@chorus/utils';
import { Asks } from '../client/asks.ts';
import type { OffersNodeConfig } from '../config/offers-config.ts';
import type { OffersEvent } from '../events/offers-events.ts';
import { RecordIndex } from '../record/record-index.ts';
import { JobRecords } from '../store/job-records.ts';
import { Orders } from '../store/orders.ts';
import { Works } from '../store/works.ts';
import { type OffersParts, openParts } from './offers-parts.ts';

/** Standing offers of this node's agents, done and delivered; asks and orders of its owner. */
export class OffersService implements Service {
  readonly asks: Asks;
  readonly #components: Components<OffersNodeConfig>;
  readonly #agents: MarketAgents;
  readonly #jobs: MarketJobsPort;
  readonly #chain: ChainPort;
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  readonly #turns = new Wakeable();
  readonly #records: JobRecords;
  readonly #index: RecordIndex;
  #parts: OffersParts | null = null;
  #opening: Promise<OffersParts> | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(components: Components<OffersNodeConfig>) {
    this.#components = components;
    const { ports, store, keySeed, signal } = components;
    this.#agents = components.capability<MarketAgents>(MARKET_AGENTS);
    this.#jobs = components.capability<MarketJobsPort>(MARKET_JOBS);
    this.#chain = ports.chain;
    this.#signal = AbortSignal.any([signal, this.#stopping.signal]);
    this.#records = new JobRecords(store);
    this.asks = new Asks({
      ...{ network: ports.network, agents: this.#agents, records: this.#records, seed: keySeed },
      registry: () => this.#agents.registry(),
      signal: this.#signal,
    });
    this.#index = new RecordIndex({
      ...{ chain: ports.chain, records: this.#records, signal: this.#signal },
      onJob: async (job, dispute, now) => {
        await this.#parts?.onJob(job, dispute, now).catch((error) => this.#failed(`${job.jobId}`, error));
      },
    });
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#turns.wake();
    await this.#running;
    await this.#parts?.close();
  }

  /** Standing offers of agents that this node has heard of. */
  async offers(): Promise<OfferList> {
    const tokens = await this.#agents.tokens();
    const textOf = (token: string, units: bigint) => {
      const known = tokens.find(({ address }) => address === token);
      return known ? sumText(units, known.decimals, known.symbol) : `${units} units of ${token}`;
    };
    return {
      agents: this.#agents.listed().map(({ agentId, title, peerId, offers }) => ({
        ...{ agentId: agentId.toString(), title, peerId },
        offers: offers.map(({ input: _, deliverable: __, price, ...offer }) => ({
          ...offer,
          price: price && {
            ...{ token: price.token, units: price.units.toString(), text: textOf(price.token, price.units) },
          },
        })),
      })),
    };
  }

  /** As of `Asks.ask`. */
  async ask(request: MarketAskRequest): Promise<MarketAsk> {
    await this.#ready();
    return this.asks.ask(request);
  }

  /** As of `Hiring.hire`. */
  async hire(askId: string, request: HireRequest): Promise<OrderDocument> {
    return (await this.#ready()).hiring.hire(askId, request);
  }

  async orders(): Promise<OrderList> {
    return { orders: (await this.#ready()).hiring.list() };
  }

  /** @throws ChorusError `E_MARKET_UNKNOWN` */
  async order(orderId: string): Promise<OrderDocument> {
    return (await this.#ready()).hiring.show(orderId);
  }

  /** One look at jobs and orders, now; resolves when what follows from it is done. */
  async look(): Promise<void> {
    const parts = await this.#ready();
    await this.#turn(parts);
    await Promise.all([parts.worker.idle(), parts.hiring.idle()]);
  }

  /** Opened with the first turn: the registry's address is on chain, which may not answer yet. */
  #ready(): Promise<OffersParts> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<OffersParts> {
    this.#parts = openParts({
      components: this.#components,
      ...{ agents: this.#agents, jobs: this.#jobs, asks: this.asks, records: this.#records },
      registry: await this.#agents.registry(),
      works: new Works(this.#components.store),
      orders: new Orders(this.#components.store),
      wake: () => this.#turns.wake(),
      onError: (jobId, failure) =>
        this.#components.emit<OffersEvent>({ type: 'offers.failed', jobId, ...failure }),
      signal: this.#signal,
    });
    return this.#parts;
  }

  async #run(): Promise<void> {
    const { checkSeconds } = this.#components.config.offers;
    while (!this.#signal.aborted) {
      this.#turns.looking();
      try {
        await this.#turn(await this.#ready());
      } catch (error) {
        // The node says itself when its chain does not answer.
        if (!hasCode(error, 'E_CHAIN_UNREACHABLE')) this.#failed(null, error);
      }
      await this.#turns.until(Date.now() + checkSeconds * 1_000, this.#signal);
    }
  }

  async #turn({ worker, hiring }: OffersParts): Promise<void> {
    if (this.#components.config.offers.work) worker.turn();
    hiring.turn();
    if (await this.#chain.marketTerms()) await this.#index.turn();
  }

  #failed(jobId: string | null, error: unknown): void {
    if (this.#signal.aborted) return;
    this.#components.emit<OffersEvent>({ type: 'offers.failed', jobId, ...explain(error) });
  }
}
