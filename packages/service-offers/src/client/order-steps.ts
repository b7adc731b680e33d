import type { AgentRegistry } from '@chorus/directory';
import {
  inputRefusal,
  type MarketAgents,
  type OrderReply,
  type PublicOffer,
  readAnswer,
} from '@chorus/market';
import { ChorusError, type Explanation, explain, isUnpaid } from '@chorus/protocol';
import type { JobRecords } from '../store/job-records.ts';
import type { Candidate, Order } from '../store/orders.ts';
import { callCandidate } from './call-step.ts';
import type { JobSteps } from './job-step.ts';

export interface OrderStepsOptions {
  registry: AgentRegistry;
  agents: Pick<MarketAgents, 'call' | 'tokens' | 'inspect'>;
  jobs: JobSteps;
  records: Pick<JobRecords, 'experienced'>;
  signal: AbortSignal;
}

/** The way of an order, one step at a time: each changes the order, which is kept before the next. */
export class OrderSteps {
  readonly #options: OrderStepsOptions;

  constructor(options: OrderStepsOptions) {
    this.#options = options;
  }

  /**
   * One step.
   * @returns false if nothing can be done now: the order is checked again later
   */
  async next(order: Order): Promise<boolean> {
    const candidate = order.with;
    switch (order.state) {
      case 'hiring':
        if (candidate === null) return this.#choose(order);
        return candidate.kind === 'call' ? this.#call(order, candidate) : this.#place(order, candidate);
      case 'placed':
        return this.#tell(order, candidate!);
      case 'taken-up':
        return this.#follow(order, candidate!);
      default:
        return false;
    }
  }

  #choose(order: Order): true {
    const next = order.candidates.shift();
    if (!next) return failed(order, NOT_TAKEN);
    order.with = next;
    return true;
  }

  /** Whether the price of a candidate still holds. */
  #holds({ answer }: Candidate): boolean {
    const { expiresAt } = readAnswer(this.#options.registry, Buffer.from(answer, 'base64'));
    return expiresAt > Date.now() / 1_000;
  }

  async #call(order: Order, candidate: Candidate): Promise<true> {
    const { agents, signal, records } = this.#options;
    if (!this.#holds(candidate))
      return this.#passOver(order, candidate, 'its price does not hold any more', false);
    try {
      order.answer = await callCandidate(order, candidate, agents, signal);
      order.state = 'done';
      records.experienced(BigInt(candidate.agentId), 'done');
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const why = explain(error);
      if (candidate.units === '0' || isUnpaid(error)) return this.#passOver(order, candidate, why.message);
      records.experienced(BigInt(candidate.agentId), 'failed');
      const hint = `it may have been paid: chorus agent why payments; the agent answers the same call again, unpaid`;
      return failed(order, { ...why, hint });
    }
  }

  async #place(order: Order, candidate: Candidate): Promise<true> {
    const { jobs } = this.#options;
    if (order.document === null) {
      const refusal = await this.#inputRefusal(order, candidate);
      if (refusal !== null) return this.#passOver(order, candidate, refusal, false);
      Object.assign(order, jobs.document(order, candidate));
      return true;
    }
    const made = await jobs.made(order);
    if (made && !made.isFunded) {
      // It was not paid for when something failed: nothing is lost but the order.
      await jobs.cancel(made.jobId);
      return this.#passOver(order, candidate, 'its job could not be paid for', false);
    }
    if (!made) {
      if (!this.#holds(candidate))
        return this.#passOver(order, candidate, 'its price does not hold any more', false);
      const reply: OrderReply = await jobs
        .reserve(order, candidate)
        .catch((error) => ({ ok: false, why: explain(error).message }));
      if (!reply.ok) return this.#passOver(order, candidate, `it does not take the order: ${reply.why}`);
    }
    const jobId = made?.jobId ?? (await this.#pay(order, candidate));
    if (jobId === null) return true;
    Object.assign(order, { jobId: jobId.toString(), state: 'placed' });
    return true;
  }

  /** @returns null if it could not be paid: the order has failed */
  async #pay(order: Order, candidate: Candidate): Promise<bigint | null> {
    const { jobs, signal } = this.#options;
    try {
      return await jobs.place(order, candidate);
    } catch (error) {
      signal.throwIfAborted();
      const made = await jobs.made(order);
      // It was mined all the same.
      if (made?.isFunded) return made.jobId;
      if (made) await jobs.cancel(made.jobId);
      failed(order, explain(error));
      return null;
    }
  }

  /** The input is checked against the schema in the card before the candidate learns anything. */
  async #inputRefusal(order: Order, { agentId, offer: id }: Candidate): Promise<string | null> {
    const { offers } = await this.#options.agents.inspect(BigInt(agentId));
    const offer: PublicOffer | undefined = offers.find((each) => each.id === id);
    if (!offer) return 'its card does not offer this any more';
    return inputRefusal(offer, order);
  }

  async #tell(order: Order, candidate: Candidate): Promise<boolean> {
    const { jobs } = this.#options;
    const { status } = await jobs.state(order, candidate);
    if (status === 'submitted') {
      // It learned of the job before a crash, and has done it meanwhile.
      order.state = 'taken-up';
      return true;
    }
    if (status !== 'funded') return this.#follow(order, candidate);
    const reply = await jobs.deliver(order, candidate);
    if (reply.ok) {
      order.state = 'taken-up';
      return true;
    }
    // It gives the job up then, and the budget comes back; if it does not, it comes back when the job expires.
    const after = await jobs.state(order, candidate);
    if (after.status !== 'funded') return this.#follow(order, candidate, reply.why);
    throw new ChorusError('E_MARKET_HIRE', `the agent does not take the job up: ${reply.why}`, {
      facts: { job: order.jobId },
      hint: 'the node tells it again; the budget comes back when the job expires',
    });
  }

  async #follow(order: Order, candidate: Candidate, why = 'it gave the job up'): Promise<boolean> {
    const { jobs, records } = this.#options;
    const { status, isLate, isUpheld, wasSubmitted } = await jobs.state(order, candidate);
    const agentId = BigInt(candidate.agentId);
    switch (status) {
      case 'completed':
        order.state = 'done';
        records.experienced(agentId, isLate ? 'failed' : 'done');
        return true;
      case 'expired':
        records.experienced(agentId, 'failed');
        return failed(order, wasSubmitted ? UNSETTLED : EXPIRED);
      case 'rejected':
        if (!isUpheld && !wasSubmitted)
          return this.#passOver(order, candidate, `${why}; the budget came back`);
        records.experienced(agentId, 'failed');
        return failed(order, UPHELD);
      default:
        return false;
    }
  }

  /** Go on with the next candidate: nothing is paid to this one. @param counts whether it has failed what it promised */
  #passOver(order: Order, { agentId, offer }: Candidate, why: string, counts = true): true {
    if (counts) this.#options.records.experienced(BigInt(agentId), 'failed');
    order.tried.push({ agentId, offer, why: why.slice(0, 300) });
    Object.assign(order, { state: 'hiring', with: null, document: null, description: null, jobId: null });
    return true;
  }
}

function failed(order: Order, problem: Explanation): true {
  order.state = 'failed';
  order.problem = problem;
  return true;
}

const NOT_TAKEN: Explanation = {
  code: 'E_MARKET_HIRE',
  message: 'no agent took the order',
  hint: 'nothing is paid; ask again with a higher budget or more time: chorus market ask',
};
const EXPIRED: Explanation = {
  code: 'E_MARKET_HIRE',
  message: 'nothing was delivered in time',
  hint: 'the budget came back: ask again with chorus market ask',
};
const UNSETTLED: Explanation = {
  code: 'E_MARKET_HIRE',
  message: 'the job expired before it was settled',
  hint: 'the budget came back',
};
const UPHELD: Explanation = {
  code: 'E_MARKET_HIRE',
  message: 'what was delivered was rejected',
  hint: 'the budget came back: ask again with chorus market ask',
};
