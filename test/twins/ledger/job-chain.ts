import type { Address, Hex, JobChain, JobRequest, JobVote, MarketTerms } from '@chorus/protocol';
import { DisputeRules } from './job-disputes.ts';
import { lower } from './ledger.ts';
import { MemoryRevenueChain } from './revenue-chain.ts';

/** Jobs of a `MemoryLedger`, as one account sees them. */
export class MemoryJobChain extends MemoryRevenueChain implements JobChain {
  async marketTerms(): Promise<MarketTerms | null> {
    const { market, jobContract: commerce, jobEvaluator: evaluator, token, disputes } = this.ledger;
    if (!this.ledger.hasMarket) return null;
    return { commerce, evaluator, stakeToken: token, ...market, seats: disputes.seatCount };
  }

  async jobCount(): Promise<bigint> {
    return BigInt(this.ledger.jobs.jobs.length);
  }

  async job(jobId: bigint) {
    return structuredClone(this.ledger.jobs.view(jobId));
  }

  async jobDispute(jobId: bigint) {
    return structuredClone(this.ledger.disputes.view(jobId));
  }

  createJob(request: JobRequest) {
    const { token, provider, evaluator } = request;
    const clean = {
      ...request,
      token: lower(token),
      provider: provider && lower(provider),
      evaluator: lower(evaluator),
    };
    return this.ledger.transact(() => ({
      jobId: this.ledger.jobs.create(this.account, clean, this.ledger.now()),
    }));
  }

  setJobProvider(jobId: bigint, provider: Address) {
    return this.#write(({ jobs }) => jobs.setProvider(this.account, jobId, lower(provider)));
  }

  setJobBudget(jobId: bigint, budget: bigint) {
    return this.#write(({ jobs }) => jobs.setBudget(this.account, jobId, budget));
  }

  fundJob(jobId: bigint, budget: bigint) {
    return this.#write(({ jobs }, now) => jobs.fund(this.account, jobId, budget, now));
  }

  submitJob(jobId: bigint, deliverable: Hex) {
    return this.#write(({ jobs }, now) => jobs.submit(this.account, jobId, deliverable, now));
  }

  completeJob(jobId: bigint, _reason: Hex) {
    return this.#write(({ jobs }) => jobs.complete(this.account, jobId));
  }

  rejectJob(jobId: bigint, _reason: Hex) {
    return this.#write(({ jobs }) => jobs.reject(this.account, jobId));
  }

  refundJob(jobId: bigint) {
    return this.#write(({ jobs }, now) => jobs.refund(jobId, now));
  }

  setJobPayout(jobId: bigint, to: Address | { agentId: bigint }) {
    return this.#write(({ jobs }) =>
      jobs.setPayout(this.account, jobId, typeof to === 'string' ? lower(to) : to),
    );
  }

  acceptJob(jobId: bigint) {
    return this.#write(({ disputes }) => disputes.accept(this.account, jobId));
  }

  giveUpJob(jobId: bigint) {
    return this.#write(({ disputes }) => disputes.giveUp(this.account, jobId));
  }

  disputeJob(jobId: bigint, grounds: Hex | null) {
    return this.ledger.transact(() => ({
      bond: this.ledger.disputes.dispute(this.account, jobId, grounds, this.ledger.now()),
    }));
  }

  defendJob(jobId: bigint, answer: Hex | null) {
    return this.ledger.transact(() => ({
      bond: this.ledger.disputes.defend(this.account, jobId, answer, this.ledger.now()),
    }));
  }

  /** The first seats that are eligible: tests that need chance use the contract. */
  drawJury(jobId: bigint) {
    return this.ledger.transact(() => {
      const { disputes } = this.ledger;
      this.ledger.jobs.find(jobId);
      const eligible = disputes.disputes.get(jobId)?.defendedAt ? disputes.eligible(jobId) : [];
      const jury = eligible.slice(0, DisputeRules.jurySize(eligible.length));
      disputes.draw(jobId, jury, this.ledger.now());
      return { jury };
    });
  }

  commitVote(jobId: bigint, agentId: bigint, vote: JobVote, salt: Hex) {
    const sealed = `${vote} ${salt}`;
    return this.#write(({ disputes }, now) => disputes.commit(this.account, { jobId, agentId, sealed }, now));
  }

  revealVote(jobId: bigint, agentId: bigint, vote: JobVote, salt: Hex) {
    const sealed = `${vote} ${salt}`;
    return this.#write(({ disputes }, now) =>
      disputes.reveal(this.account, { jobId, agentId, vote, sealed }, now),
    );
  }

  decideDispute(jobId: bigint) {
    return this.ledger.transact(() => {
      this.ledger.disputes.decide(jobId, this.ledger.now());
      return { outcome: this.ledger.disputes.view(jobId)!.outcome! };
    });
  }

  settleJob(jobId: bigint) {
    return this.#write(({ disputes }, now) => disputes.settle(jobId, now));
  }

  async seatTakenAt(agentId: bigint): Promise<number | null> {
    return this.ledger.disputes.seats.get(agentId) ?? null;
  }

  takeSeat(agentId: bigint) {
    return this.#write(({ disputes }, now) => disputes.takeSeat(this.account, agentId, now));
  }

  leaveSeat(agentId: bigint) {
    return this.#write(({ disputes }) => disputes.leaveSeat(this.account, agentId));
  }

  async owedByMarket(token: Address, account: Address) {
    const { jobs, disputes } = this.ledger;
    const owed = (rules: { owed: typeof jobs.owed }) => rules.owed.get(lower(account), lower(token));
    return { payments: owed(jobs), bonds: owed(disputes) };
  }

  withdrawFromMarket(token: Address, what: 'payments' | 'bonds') {
    return this.ledger.transact(() => {
      const rules = what === 'bonds' ? this.ledger.disputes : this.ledger.jobs;
      return { amount: rules.withdraw(lower(token), this.account) };
    });
  }

  #write(job: (ledger: MemoryJobChain['ledger'], now: number) => void) {
    return this.ledger.transact(() => {
      job(this.ledger, this.ledger.now());
      return {};
    });
  }
}
