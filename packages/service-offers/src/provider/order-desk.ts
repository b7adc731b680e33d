import type { AgentRegistry } from '@chorus/directory';
import {
  decodeOrder,
  encodeAnswers,
  encodeReply,
  inputRefusal,
  type MarketJobsPort,
  type OrderMessage,
  type OrderReply,
  type OwnOffers,
  readAnswer,
  readDescription,
  readJobOrder,
  refusalOf,
} from '@chorus/market';
import { type ChainPort, type Job, sameAddress, sha256Hex, toHex } from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import { PeerBuckets } from '../peers/peer-buckets.ts';
import type { Works } from '../store/works.ts';
import { AgreedTerms } from './agreed-terms.ts';
import { DOCUMENT_SECONDS, MAX_PEERS, ORDERS, ORDERS_PER_PEER } from './limits.ts';
import { findOffer, type OwnOffer } from './own-offers.ts';

/** Jobs that are given up in a day because their documents did not come: each costs gas. */
const MOST_UNDELIVERED = 20;
const DAY_MILLISECONDS = 86_400_000;

export interface OrderDeskOptions {
  chain: Pick<ChainPort, 'account' | 'job' | 'marketTerms' | 'now'>;
  peerId: string;
  registry: AgentRegistry;
  own: () => readonly OwnOffers[];
  works: Works;
  jobs: Pick<MarketJobsPort, 'giveUp' | 'automatic'>;
  /** Answers to an ask that is for this node alone. */
  ask: (bytes: Uint8Array, from: string) => Uint8Array[];
  onTaken: (jobId: bigint, found: OwnOffer) => void;
  onGivenUp: (jobId: bigint, agent: string, why: string) => void;
}

const refused = (why: string): OrderReply => ({ ok: false, why });
const TAKEN: OrderReply = { ok: true, why: '' };

/**
 * Takes orders of strangers: one that holds a price of this node's signature learns whether there is a place, and its job is
 * taken once its price is in escrow and its document is what the offer takes. What cannot be done is refused, and the budget
 * goes back at once.
 */
export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #buckets = new PeerBuckets(ORDERS_PER_PEER, ORDERS, MAX_PEERS);
  readonly #agreed = new AgreedTerms();
  readonly #givenUp: number[] = [];
  /** Funded jobs without a document: since when they are known, unix seconds of the chain. */
  readonly #seen = new BoundedMap<bigint, number>(MAX_PEERS);

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  /** Jobs of an offer that can still be taken: only paid ones take a place. */
  places({ agent, offer }: OwnOffer): number {
    return offer.open - this.#options.works.count(agent.name, offer.id);
  }

  /** One request of a peer. @throws ChorusError `E_MARKET_MESSAGE` if it is no message; of the chain */
  async onRequest(bytes: Uint8Array, from: string): Promise<Uint8Array> {
    if (!this.#buckets.take(from)) return encodeReply(refused('too many requests: try again later'));
    const message = decodeOrder(bytes);
    if (message.type === 'ask') return encodeAnswers(this.#options.ask(message.ask, from));
    return encodeReply(message.type === 'reserve' ? this.#reserve(message) : await this.#deliver(message));
  }

  #reserve({ answer, document }: Extract<OrderMessage, { type: 'reserve' }>): OrderReply {
    const { registry, peerId, own } = this.#options;
    const promised = readAnswer(registry, answer);
    if (promised.peer !== peerId) return refused('this answer is of another node');
    if (promised.kind !== 'job') return refused('a call takes no place: call the agent');
    if (promised.expiresAt <= Date.now() / 1_000)
      return refused('this answer does not hold any more: ask again');
    const found = findOffer(own(), promised.agentId, promised.offer);
    if (!found) return refused('this is not offered any more');
    if (this.places(found) <= 0) return refused('it has as many jobs of this offer as it takes at once');
    this.#agreed.keep(toHex(document), promised);
    return TAKEN;
  }

  async #deliver({ job: jobId, document }: Extract<OrderMessage, { type: 'deliver' }>): Promise<OrderReply> {
    const { chain, works, jobs, registry, own, onTaken } = this.#options;
    const digest = sha256Hex(document);
    const job = await chain.job(jobId);
    const described = readDescription(job.description);
    if (!described || described.digest !== digest) return refused('the job on chain names another document');
    const before = this.#known(jobId);
    if (before) return before;
    const found = findOffer(own(), described.agentId, described.offer);
    if (!found) return this.#giveUp(job, 'this is not offered any more');
    const agreed = this.#agreed.of(digest);
    const terms = await chain.marketTerms();
    if (!terms) return refused('this network has no jobs');
    const { account } = chain;
    const why = refusalOf(job, {
      described,
      offer: found.offer,
      agreed,
      account,
      terms,
      now: await chain.now(),
    });
    // Its document may have come twice at once: what was taken meanwhile is not given up.
    const meanwhile = this.#known(jobId);
    if (meanwhile) return meanwhile;
    // Of a job that is not funded, or not this node's, nothing has to go back.
    if (why !== null) return this.#giveUp(job, why);
    if (this.places(found) <= 0) return this.#giveUp(job, 'it has as many jobs of this offer as it takes');
    const refusal = this.#refusalOfDocument(registry, document, described, found);
    if (refusal !== null) return this.#giveUp(job, refusal);
    const { name: agent, agentId } = found.agent;
    const isNew = works.add({ jobId, agent, agentId, offer: found.offer.id, client: job.client, document });
    jobs.automatic(jobId);
    if (isNew) onTaken(jobId, found);
    return TAKEN;
  }

  /** What is said of a job that this node knows; null if it does not. */
  #known(jobId: bigint): OrderReply | null {
    const work = this.#options.works.get(jobId);
    if (!work) return null;
    return work.state === 'given-up' ? refused(work.why ?? 'it was given up') : TAKEN;
  }

  #refusalOfDocument(
    registry: AgentRegistry,
    document: Uint8Array,
    described: NonNullable<ReturnType<typeof readDescription>>,
    { offer }: OwnOffer,
  ): string | null {
    try {
      const order = readJobOrder(registry, document);
      const isSame =
        order.agentId === described.agentId &&
        order.offer === described.offer &&
        order.within === described.within;
      return isSame ? inputRefusal(offer, order) : 'the document is of another offer than the job';
    } catch (error) {
      return (error as Error).message;
    }
  }

  /**
   * A job of the chain that may be of this node and was not delivered: it is given up after a while, so that its client
   * has its money back, and the record of the agent stays clean.
   */
  async onJob(job: Job, now: number): Promise<void> {
    const { chain, works, own } = this.#options;
    const described = readDescription(job.description);
    const isOurs = job.provider !== null && sameAddress(job.provider, chain.account);
    if (!described || !isOurs || job.status !== 'funded' || works.get(job.jobId)) return;
    // Counted from when this node saw it: after a long stop its client has to find it first.
    const since = this.#seen.get(job.jobId) ?? now;
    this.#seen.set(job.jobId, since);
    if (now - since < DOCUMENT_SECONDS) return;
    if (!own().some(({ agentId }) => agentId === described.agentId)) return;
    const day = Date.now() - DAY_MILLISECONDS;
    while (this.#givenUp.length > 0 && this.#givenUp[0]! < day) this.#givenUp.shift();
    if (this.#givenUp.length >= MOST_UNDELIVERED) return;
    this.#givenUp.push(Date.now());
    await this.#giveUp(job, 'its document never came');
  }

  async #giveUp(job: Job, why: string): Promise<OrderReply> {
    const { chain, jobs, onGivenUp } = this.#options;
    const terms = await chain.marketTerms();
    const isOurs = job.provider !== null && sameAddress(job.provider, chain.account);
    const described = readDescription(job.description);
    const agent = this.#options.own().find(({ agentId }) => agentId === described?.agentId);
    // Only a job that validators decide can be given up by its provider; and only one of an agent of this node is ours.
    if (
      !isOurs ||
      !agent ||
      job.status !== 'funded' ||
      !terms ||
      !sameAddress(job.evaluator, terms.evaluator)
    ) {
      return refused(why);
    }
    await jobs.giveUp(job.jobId);
    onGivenUp(job.jobId, agent.name, why);
    return refused(`${why}; its budget went back`);
  }
}
