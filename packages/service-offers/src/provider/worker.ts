import type { AgentRegistry } from '@chorus/directory';
import { type MarketAgents, type MarketJobsPort, type PublicOffer, readJobOrder } from '@chorus/market';
import {
  type AgentRequest,
  type ChainPort,
  type Explanation,
  explain,
  hasCode,
  isRetryable,
  type Job,
  latestSubmission,
} from '@chorus/protocol';
import pLimit from 'p-limit';
import type { Work, Works } from '../store/works.ts';
import { deliverableOf, produced } from './deliverable.ts';
import { MAX_ATTEMPTS } from './limits.ts';
import { findOffer, type OwnOffer } from './own-offers.ts';

export interface WorkerOptions {
  chain: Pick<ChainPort, 'job' | 'marketTerms' | 'now'>;
  agents: Pick<MarketAgents, 'own' | 'run'>;
  registry: AgentRegistry;
  works: Works;
  jobs: Pick<MarketJobsPort, 'storeFile' | 'submit' | 'giveUp' | 'automatic'>;
  atOnce: number;
  onDelivered: (work: Work, deliverable: string) => void;
  onGivenUp: (jobId: bigint, agent: string, why: string) => void;
  onError: (jobId: bigint, failure: Explanation) => void;
  signal: AbortSignal;
}

/**
 * Does the jobs that were taken: the agent works, what it made is checked and kept, then submitted. Each step is in the
 * store before the next begins, and the chain is asked before anything is sent: a restart goes on where it was.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #places: ReturnType<typeof pLimit>;
  readonly #busy = new Map<bigint, Promise<void>>();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#places = pLimit(options.atOnce);
  }

  /** Begin with what is open and not being done. */
  turn(): void {
    const { works, jobs, signal } = this.#options;
    for (const { jobId } of works.open()) {
      if (signal.aborted || this.#busy.has(jobId)) continue;
      jobs.automatic(jobId);
      const doing = this.#places(() => this.#do(jobId)).finally(() => this.#busy.delete(jobId));
      this.#busy.set(jobId, doing);
    }
  }

  /** Resolves when nothing is being done any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  async #do(jobId: bigint): Promise<void> {
    const { works, onError, signal } = this.#options;
    try {
      if (signal.aborted) return;
      const work = works.get(jobId);
      if (work) await this.#goOn(work);
    } catch (error) {
      if (!signal.aborted) onError(jobId, explain(error));
    }
  }

  async #goOn(work: Work): Promise<void> {
    const { chain, works, agents } = this.#options;
    const [job, now, terms] = await Promise.all([chain.job(work.jobId), chain.now(), chain.marketTerms()]);
    // What was submitted before a crash, by this node or its owner, is not submitted again.
    if (job.status !== 'funded') {
      works.end(work.jobId, job.submittedAt === null ? 'given-up' : 'submitted', `the job is ${job.status}`);
      return;
    }
    if (now > latestSubmission(job, terms)) return this.#giveUp(work, 'its time is over');
    const found = findOffer(agents.own(), work.agentId, work.offer);
    if (work.state === 'made') return this.#submit(work, found);
    // The agent may be starting: a restart opens its model first.
    if (!found) return;
    if (work.attempts >= MAX_ATTEMPTS) return this.#giveUp(work, work.why ?? 'it was interrupted too often');
    await this.#make(work, job, found);
    const made = works.get(work.jobId);
    if (made?.state === 'made') await this.#submit(made, found);
  }

  async #make(work: Work, job: Job, { agent, offer }: OwnOffer): Promise<void> {
    const { works, jobs, agents, registry, signal } = this.#options;
    const { jobId } = work;
    const { input } = readJobOrder(registry, work.document);
    works.attempt(jobId);
    try {
      const request = requestOf(jobId, job, offer, input, work.why);
      const made = await produced(agents.run(agent.name, request, signal));
      const { name, bytes } = deliverableOf(offer, made);
      works.made(jobId, await jobs.storeFile(name, bytes));
    } catch (error) {
      if (signal.aborted) throw error;
      const { message } = explain(error);
      // A busy agent has not begun; any other failure is one of its attempts.
      if (isRetryable(error) || hasCode(error, 'E_AGENT_NOT_SERVED')) works.unattempt(jobId);
      else works.note(jobId, message);
      if (work.attempts + 1 < MAX_ATTEMPTS || isRetryable(error)) throw error;
      await this.#giveUp(work, message);
    }
  }

  async #submit(work: Work, found: OwnOffer | null): Promise<void> {
    const { jobs, works, onDelivered } = this.#options;
    await jobs.submit(work.jobId, work.deliverable!, found?.agent.isShared ? work.agentId : null);
    works.end(work.jobId, 'submitted');
    onDelivered(work, work.deliverable!);
  }

  async #giveUp(work: Work, why: string): Promise<void> {
    const { jobs, works, onGivenUp } = this.#options;
    await jobs.giveUp(work.jobId);
    works.end(work.jobId, 'given-up', why);
    onGivenUp(work.jobId, work.agent, why);
  }
}

/**
 * What the agent is asked. The task has the same id each time: what the agent pays others for is not paid again after a
 * crash.
 */
function requestOf(
  jobId: bigint,
  { client }: Job,
  { name, description, deliverable }: PublicOffer,
  input: unknown,
  why: string | null,
): AgentRequest {
  const given = typeof input === 'string' ? input : JSON.stringify(input);
  const wanted =
    deliverable === null
      ? ''
      : `\n\nAnswer with one JSON value that fits this JSON Schema, and nothing else:\n${JSON.stringify(deliverable)}`;
  const again = why === null ? '' : `\n\nYour last answer was not accepted: ${why}`;
  const text = `${name}: ${description}\n\n${given}${wanted}${again}`;
  return {
    ...{
      taskId: `job-${jobId}`,
      contextId: `job-${jobId}`,
      history: [],
      caller: `wallet:${client.toLowerCase()}`,
    },
    message: { from: 'caller', text, files: [], data: [] },
  };
}
