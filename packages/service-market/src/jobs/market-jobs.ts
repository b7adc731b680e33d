import { randomBytes } from 'node:crypto';
import type { JOB_FILES, JobAction, JobDocument, JobFile, JobList, JobRequest } from '@chorus/admin-api';
import { readDescription } from '@chorus/market';
import {
  type Address,
  type ChainPort,
  ChorusError,
  type Hex,
  hasCode,
  type Job,
  type JobVote,
  type MarketTerms,
  sameAddress,
} from '@chorus/protocol';
import type { FetchedFile, JobFiles } from '../files/job-files.ts';
import { rolesIn } from '../steps/job-steps.ts';
import type { MarketRecords } from '../store/market-records.ts';
import { jobDocument } from './job-document.ts';

/** Jobs of the owner, and of others, that one list shows. */
const MOST_LISTED = 100;

const NONE: Hex = `0x${'00'.repeat(32)}`;

export interface MarketParts {
  chain: ChainPort;
  records: MarketRecords;
  files: JobFiles;
}

/** The jobs of a node's wallet: shown, created, taken further. Methods throw ChorusError of the chain. */
export class MarketJobs {
  readonly #parts: MarketParts;

  constructor(parts: MarketParts) {
    this.#parts = parts;
  }

  async list(): Promise<JobList> {
    const ids = this.#parts.records.listed(MOST_LISTED);
    const jobs = await Promise.all(ids.map((jobId) => this.show(jobId)));
    return { jobs: jobs.filter(({ roles }) => roles.length > 0) };
  }

  async show(jobId: bigint): Promise<JobDocument> {
    const { chain, records } = this.#parts;
    const [terms, agentId, now, job, dispute] = await Promise.all([
      this.terms(),
      chain.identity(),
      chain.now(),
      chain.job(jobId),
      chain.jobDispute(jobId),
    ]);
    const roles = rolesIn(job, dispute, { account: chain.account, agentId });
    const available = records.available(jobId);
    return jobDocument(job, { terms, agentId, now, dispute, roles, available }, chain);
  }

  /** @throws ChorusError `E_CHAIN_NO_MARKET` */
  async terms(): Promise<MarketTerms> {
    const terms = await this.#parts.chain.marketTerms();
    if (terms) return terms;
    throw new ChorusError('E_CHAIN_NO_MARKET', 'this network has no contracts for jobs', {
      hint: 'its contracts are from before there were any: use a newer deployment',
    });
  }

  async create(request: JobRequest): Promise<JobDocument> {
    const { chain, records } = this.#parts;
    const [terms, now] = await Promise.all([this.terms(), chain.now()]);
    const { provider, evaluator = 'validators', token = terms.stakeToken, description } = request;
    if (request.fund && provider === undefined) {
      throw new ChorusError('E_JOB_TERMS', 'a job is funded once it has a provider', {
        hint: 'name one with --provider, or fund it later',
      });
    }
    const { jobId } = await chain.createJob({
      token: token as Address,
      provider: (provider as Address | undefined) ?? null,
      evaluator: evaluatorOf(evaluator, terms, chain.account),
      expiredAt: now + request.seconds,
      description,
    });
    // Known before it is paid for: a node that dies in between shows it.
    records.track(jobId, true);
    const budget = BigInt(request.budget);
    await chain.setJobBudget(jobId, budget);
    if (request.fund) await chain.fundJob(jobId, budget);
    return this.show(jobId);
  }

  async act(jobId: bigint, action: JobAction): Promise<JobDocument> {
    await this.#perform(await this.#parts.chain.job(jobId), action);
    this.#parts.records.track(jobId, true);
    return this.show(jobId);
  }

  storeFile(name: string, bytes: Uint8Array): Promise<JobFile> {
    return this.#parts.files.put(name, bytes);
  }

  /** @throws ChorusError `E_JOB_FILE` if the job has no such file */
  async file(jobId: bigint, which: (typeof JOB_FILES)[number], maxBytes: number): Promise<FetchedFile> {
    const { chain, files } = this.#parts;
    const [job, dispute] = await Promise.all([chain.job(jobId), chain.jobDispute(jobId)]);
    if (which === 'order') {
      const described = readDescription(job.description);
      if (described) return { name: 'job.json', bytes: await files.bytes(described.digest, maxBytes) };
    }
    const digest = which === 'deliverable' ? job.deliverable : which === 'order' ? null : dispute?.[which];
    if (digest) return files.get(digest, maxBytes);
    throw new ChorusError('E_JOB_FILE', 'the job has no such file', {
      facts: { jobId, file: which },
      hint: 'see what it has: chorus market job show',
    });
  }

  async #perform(job: Job, action: JobAction): Promise<unknown> {
    const { chain } = this.#parts;
    const { jobId } = job;
    switch (action.action) {
      case 'set-provider':
        return chain.setJobProvider(jobId, action.provider as Address);
      case 'set-budget':
        return chain.setJobBudget(jobId, BigInt(action.budget));
      case 'fund':
        return chain.fundJob(jobId, BigInt(action.budget));
      case 'submit':
        return this.#submit(jobId, action.deliverable as Hex, action.payout);
      case 'complete':
        return (await this.#isReviewed(job)) ? chain.acceptJob(jobId) : chain.completeJob(jobId, NONE);
      case 'reject':
        return this.#reject(job, (action.reason as Hex | undefined) ?? NONE);
      case 'dispute':
        return chain.disputeJob(jobId, (action.grounds as Hex | undefined) ?? null);
      case 'defend':
        return chain.defendJob(jobId, (action.answer as Hex | undefined) ?? null);
      case 'draw':
        return chain.drawJury(jobId);
      case 'vote':
        return this.#vote(jobId, action.vote);
      case 'reveal':
        return this.reveal(jobId);
      case 'settle':
        return this.settle(job);
      case 'refund':
        return chain.refundJob(jobId);
    }
  }

  /** Have a job decided; of one that expired before, the dispute, in which bonds still lie. */
  settle({ jobId, status }: Job) {
    const { chain } = this.#parts;
    return status === 'submitted' ? chain.settleJob(jobId) : chain.decideDispute(jobId);
  }

  /** Reveal the vote that this node committed to. @throws ChorusError `E_JOB_VOTE` if it keeps none */
  async reveal(jobId: bigint) {
    const { chain, records } = this.#parts;
    const agentId = await this.#identity();
    const kept = records.vote(jobId, agentId);
    if (kept) {
      const open = (vote: JobVote) => chain.revealVote(jobId, agentId, vote, kept.salt);
      return open(kept.vote).catch((error) => {
        // A vote that was sent before the owner changed it was mined first: it has the same salt.
        if (!hasCode(error, 'E_CHAIN_WRONG_OPENING')) throw error;
        return open(kept.vote === 'reject' ? 'complete' : 'reject');
      });
    }
    throw new ChorusError('E_JOB_VOTE', 'this node keeps no vote on the job', {
      facts: { jobId },
      hint: 'vote first: chorus market job vote; a vote is revealed by the node that made it',
    });
  }

  async #submit(
    jobId: bigint,
    deliverable: Hex,
    payout: string | { agentId: string } | undefined,
  ): Promise<unknown> {
    const { chain } = this.#parts;
    if (payout !== undefined) {
      const to = typeof payout === 'string' ? (payout as Address) : { agentId: BigInt(payout.agentId) };
      await chain.setJobPayout(jobId, to);
    }
    return chain.submitJob(jobId, deliverable);
  }

  /** A client takes back a job that is open, a provider gives one up, an evaluator decides against it. */
  async #reject(job: Job, reason: Hex): Promise<unknown> {
    const { chain } = this.#parts;
    if (job.status !== 'open' && (await this.#isReviewed(job))) return chain.giveUpJob(job.jobId);
    return chain.rejectJob(job.jobId, reason);
  }

  /** The vote is kept before it is sent: a node that dies in between can reveal it. */
  async #vote(jobId: bigint, vote: JobVote): Promise<unknown> {
    const { chain, records } = this.#parts;
    const agentId = await this.#identity();
    const dispute = await chain.jobDispute(jobId);
    const juror = dispute?.jury.find((each) => each.agentId === agentId);
    if (juror?.committed) {
      throw new ChorusError('E_JOB_VOTE', 'this node has voted, and a vote cannot be changed', {
        facts: { jobId, agentId },
        hint: 'it is revealed once all have voted: chorus market job show',
      });
    }
    const salt: Hex = `0x${randomBytes(32).toString('hex')}`;
    const kept = records.keepVote(jobId, agentId, { vote, salt });
    return chain.commitVote(jobId, agentId, vote, kept.salt);
  }

  async #isReviewed(job: Job): Promise<boolean> {
    return sameAddress(job.evaluator, (await this.terms()).evaluator);
  }

  async #identity(): Promise<bigint> {
    const agentId = await this.#parts.chain.identity();
    if (agentId !== null) return agentId;
    throw new ChorusError('E_JOB_VOTE', 'this wallet has no identity, and so no seat', {
      hint: 'deposit stake, which registers one: chorus stake deposit',
    });
  }
}

function evaluatorOf(name: string, terms: MarketTerms, account: Address): Address {
  if (name === 'validators') return terms.evaluator;
  return name === 'client' ? account : (name as Address);
}
