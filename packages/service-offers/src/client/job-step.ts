import type { AgentRegistry } from '@chorus/directory';
import {
  decodeReply,
  descriptionOf,
  encodeJobOrder,
  encodeOrder,
  type MarketJobsPort,
  ORDERS_PROTOCOL,
  type OrderMessage,
  type OrderReply,
} from '@chorus/market';
import { type ChainPort, ChorusError, fromHex, type NetworkPort, sha256Hex } from '@chorus/protocol';
import type { Candidate, Order } from '../store/orders.ts';
import { EXPIRY_SLACK_SECONDS, ORDER_MILLISECONDS, REPLY_BYTES } from './limits.ts';

export interface JobStepsOptions {
  chain: Pick<ChainPort, 'job' | 'jobDispute' | 'marketTerms'>;
  network: Pick<NetworkPort, 'request'>;
  registry: AgentRegistry;
  jobs: Pick<MarketJobsPort, 'place' | 'own' | 'cancel'>;
  signal: AbortSignal;
}

/** What the steps of an order by job need of chain and provider. */
export class JobSteps {
  readonly #options: JobStepsOptions;

  constructor(options: JobStepsOptions) {
    this.#options = options;
  }

  /** The document of the job for a candidate, and what the chain will say of it. @throws ChorusError `E_MARKET_ORDER` */
  document({ input, salt }: Order, { agentId, offer, seconds }: Candidate) {
    const of = { agentId: BigInt(agentId), offer, within: seconds };
    const bytes = encodeJobOrder(this.#options.registry, { ...of, input, salt: salt! });
    return { document: Buffer.from(bytes).toString('base64'), description: descriptionOf(bytes, of) };
  }

  /** Ask the provider whether its price holds, and whether it has a place. It learns nothing of the input. */
  reserve({ document }: Order, { peer, answer }: Candidate): Promise<OrderReply> {
    const digest = fromHex(sha256Hex(Buffer.from(document!, 'base64')));
    return this.#say(peer, { type: 'reserve', answer: Buffer.from(answer, 'base64'), document: digest });
  }

  /** Tell the provider what its job, whose price is in escrow, is about. */
  deliver({ document, jobId }: Order, { peer }: Candidate): Promise<OrderReply> {
    return this.#say(peer, {
      type: 'deliver',
      job: BigInt(jobId!),
      document: Buffer.from(document!, 'base64'),
    });
  }

  async #say(peer: string, message: OrderMessage): Promise<OrderReply> {
    const { network, signal } = this.#options;
    const options = { timeoutMs: ORDER_MILLISECONDS, maxResponseBytes: REPLY_BYTES, signal };
    return decodeReply(await network.request(peer, ORDERS_PROTOCOL, encodeOrder(message), options));
  }

  /** The job that this order has made already, as before a crash; null if it has made none. */
  async made({ description }: Order): Promise<{ jobId: bigint; isFunded: boolean } | null> {
    const { chain, jobs } = this.#options;
    for (const jobId of jobs.own()) {
      const job = await chain.job(jobId);
      if (job.description === description) return { jobId, isFunded: job.status !== 'open' };
    }
    return null;
  }

  /** Create the job, and pay its budget into escrow: the price that the candidate has signed. */
  async place({ description }: Order, { wallet, token, units, seconds }: Candidate): Promise<bigint> {
    const terms = await this.#options.chain.marketTerms();
    if (!terms) {
      throw new ChorusError('E_CHAIN_NO_MARKET', 'this network has no contracts for jobs', {
        hint: 'ask for a call instead: --kind call',
      });
    }
    return this.#options.jobs.place({
      ...{ provider: wallet, token, budget: BigInt(units), description: description! },
      seconds: seconds + EXPIRY_SLACK_SECONDS + terms.decisionSeconds,
    });
  }

  cancel(jobId: bigint): Promise<void> {
    return this.#options.jobs.cancel(jobId);
  }

  /** What has become of the job of an order. */
  async state({ jobId }: Order, { seconds }: Candidate) {
    const { chain } = this.#options;
    const [job, dispute] = await Promise.all([chain.job(BigInt(jobId!)), chain.jobDispute(BigInt(jobId!))]);
    const { status, submittedAt, fundedAt } = job;
    const isLate = submittedAt !== null && fundedAt !== null && submittedAt - fundedAt > seconds;
    return { status, isLate, wasSubmitted: submittedAt !== null, isUpheld: dispute?.outcome === 'upheld' };
  }
}
