import { refusal } from '@chorus/chain';
import type { Address, Hex, Job, JobRequest, JobStatus } from '@chorus/protocol';
import { Amounts } from './revenue.ts';

const YEAR = 365 * 86_400;

/** What the rules of jobs ask of the rest of the chain. */
export interface JobSurroundings {
  treasury: Address;
  /** Of the contract that evaluates by disputes, and the time it needs. */
  evaluator: Address;
  decisionSeconds: number;
  tillOf(agentId: bigint): Address;
  /** Takes from, and pays to, an account. */
  pull(token: Address, from: Address, amount: bigint): void;
  push(token: Address, to: Address, amount: bigint): void;
}

interface State extends Job {
  paysTill: boolean;
}

/**
 * The rules of jobs a second time, from the text of `IAgenticCommerce`: what each call changes, to the unit, or the name
 * of the error that it is refused with.
 */
export class JobRules {
  feeBps = 100;
  owed = new Amounts();
  jobs: State[] = [];
  readonly #around: JobSurroundings;

  constructor(around: JobSurroundings) {
    this.#around = around;
  }

  clone(): JobRules {
    const copy = new JobRules(this.#around);
    copy.feeBps = this.feeBps;
    copy.owed = this.owed.clone();
    copy.jobs = structuredClone(this.jobs);
    return copy;
  }

  /** What the contract holds of a token. */
  held(token: Address): bigint {
    const escrowed = this.jobs.filter((job) => job.token === token && isEscrowed(job.status));
    return escrowed.reduce((sum, { budget }) => sum + budget, this.owed.sum(token));
  }

  view(jobId: bigint): Job {
    const { paysTill, ...job } = this.find(jobId);
    return { ...job, feeBps: paysTill ? 0 : job.feeBps, payout: job.payout ?? job.provider };
  }

  find(jobId: bigint): State {
    const job = this.jobs[Number(jobId) - 1];
    if (!job) throw refusal('UnknownJob', 'find a job', { jobId });
    return job;
  }

  create(client: Address, request: JobRequest, now: number): bigint {
    const { expiredAt, description, evaluator } = request;
    const earliest = now + (evaluator === this.#around.evaluator ? this.#around.decisionSeconds : 1);
    const bytes = new TextEncoder().encode(description).length;
    const refuse = (parameter: string) => refusal('JobOutOfBounds', 'create a job', { parameter });
    if (bytes === 0 || bytes > 1024) throw refuse('description');
    if (expiredAt < earliest || expiredAt > now + YEAR) throw refuse('expiredAt');
    const jobId = BigInt(this.jobs.length + 1);
    const none = { fundedAt: null, submittedAt: null, deliverable: null, payout: null, paysTill: false };
    this.jobs.push({
      ...{ ...request, jobId, client, budget: 0n, status: 'open', feeBps: this.feeBps },
      ...none,
    });
    return jobId;
  }

  setProvider(caller: Address, jobId: bigint, provider: Address): void {
    const job = this.#in(jobId, 'open');
    onlyParty(caller === job.client);
    if (job.provider !== null) throw refusal('ProviderExists', 'choose a provider');
    job.provider = provider;
  }

  setBudget(caller: Address, jobId: bigint, budget: bigint): void {
    const job = this.#in(jobId, 'open');
    onlyParty(caller === job.client || caller === job.provider);
    job.budget = budget;
  }

  fund(caller: Address, jobId: bigint, expected: bigint, now: number): void {
    const job = this.#in(jobId, 'open');
    onlyParty(caller === job.client);
    if (job.provider === null) throw refusal('ProviderMissing', 'fund a job');
    if (job.budget === 0n || job.budget !== expected) throw refusal('BudgetChanged', 'fund a job');
    if (now >= job.expiredAt || now > this.#latest(job)) throw refusal('SubmittedTooLate', 'fund a job');
    Object.assign(job, { status: 'funded', fundedAt: now });
    this.#around.pull(job.token, caller, job.budget);
  }

  submit(caller: Address, jobId: bigint, deliverable: Hex, now: number): void {
    const job = this.#in(jobId, 'funded');
    onlyParty(caller === job.provider);
    if (now > this.#latest(job)) throw refusal('SubmittedTooLate', 'submit work');
    Object.assign(job, { status: 'submitted', submittedAt: now, deliverable });
  }

  complete(caller: Address, jobId: bigint): void {
    const job = this.#in(jobId, 'submitted');
    onlyParty(caller === job.evaluator);
    job.status = 'completed';
    const { budget, token, feeBps, payout } = this.view(jobId);
    const fee = (budget * BigInt(feeBps)) / 10_000n;
    this.owed.add(fee, this.#around.treasury, token);
    this.#around.push(token, payout!, budget - fee);
  }

  reject(caller: Address, jobId: bigint): void {
    const job = this.find(jobId);
    if (isEnded(job.status)) throw refusal('WrongJobStatus', 'reject a job');
    onlyParty(caller === (job.status === 'open' ? job.client : job.evaluator));
    const paid = isEscrowed(job.status);
    job.status = 'rejected';
    if (paid) this.#around.push(job.token, job.client, job.budget);
  }

  refund(jobId: bigint, now: number): void {
    const job = this.find(jobId);
    if (!isEscrowed(job.status)) throw refusal('WrongJobStatus', 'refund a job');
    if (now < job.expiredAt) throw refusal('JobNotExpired', 'refund a job');
    job.status = 'expired';
    this.#around.push(job.token, job.client, job.budget);
  }

  setPayout(caller: Address, jobId: bigint, to: Address | { agentId: bigint }): void {
    const job = this.find(jobId);
    onlyParty(caller === job.provider);
    if (isEnded(job.status)) throw refusal('WrongJobStatus', 'say where a job pays');
    job.paysTill = typeof to !== 'string';
    job.payout = typeof to === 'string' ? to : this.#around.tillOf(to.agentId);
  }

  withdraw(token: Address, account: Address): bigint {
    const amount = this.owed.take(account, token);
    if (amount === 0n) throw refusal('NothingKept', 'withdraw payments of jobs');
    this.#around.push(token, account, amount);
    return amount;
  }

  #in(jobId: bigint, status: JobStatus): State {
    const job = this.find(jobId);
    if (job.status !== status) throw refusal('WrongJobStatus', 'change a job', { status: job.status });
    return job;
  }

  #latest(job: Job): number {
    const { evaluator, decisionSeconds } = this.#around;
    return job.evaluator === evaluator ? job.expiredAt - decisionSeconds : job.expiredAt;
  }
}

const isEscrowed = (status: JobStatus): boolean => status === 'funded' || status === 'submitted';
const isEnded = (status: JobStatus): boolean => status !== 'open' && !isEscrowed(status);

function onlyParty(allowed: boolean): void {
  if (!allowed) throw refusal('NotParty', 'change a job');
}
