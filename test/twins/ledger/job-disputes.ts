import { refusal } from '@chorus/chain';
import { type Address, bondOf, type Hex, type JobDispute, type JobVote } from '@chorus/protocol';
import type { JobRules } from './jobs.ts';
import { Amounts } from './revenue.ts';

/** What the rules of disputes ask of the rest of the chain. */
export interface DisputeSurroundings {
  windowSeconds: number;
  stepSeconds: number;
  seatStake: bigint;
  stakeToken: Address;
  jobs(): JobRules;
  evaluator: Address;
  /** Whether an account owns an identity or is its wallet. */
  mayAct(account: Address, agentId: bigint): boolean;
  /** Stake behind an identity that is not unbonding. */
  stakeOf(agentId: bigint): bigint;
  pull(token: Address, from: Address, amount: bigint): void;
  push(token: Address, to: Address, amount: bigint): void;
}

interface Dispute extends JobDispute {
  token: Address;
  /** Votes and salts that were committed to, by seat. */
  sealed: Map<bigint, string>;
}

const refuse = (name: string, facts = {}) => refusal(name, 'act in a dispute', facts);

/** Likewise of disputes, from the text of `IOptimisticEvaluator`. The draw itself is given: what is random has no rule. */
export class DisputeRules {
  owed = new Amounts();
  seats = new Map<bigint, number>();
  /** The same in the order of the list, with those given up that are not cleared yet; the position that was checked last. */
  #list: bigint[] = [];
  #looked = 0;
  disputes = new Map<bigint, Dispute>();
  readonly #around: DisputeSurroundings;

  constructor(around: DisputeSurroundings) {
    this.#around = around;
  }

  clone(): DisputeRules {
    const copy = new DisputeRules(this.#around);
    copy.owed = this.owed.clone();
    copy.seats = new Map(this.seats);
    copy.#list = [...this.#list];
    copy.#looked = this.#looked;
    copy.disputes = structuredClone(this.disputes);
    return copy;
  }

  held(token: Address): bigint {
    const open = [...this.disputes.values()].filter((d) => d.token === token && d.outcome === null);
    const bonds = open.map((d) => (d.defendedAt === null ? d.bond : 2n * d.bond));
    return bonds.reduce((sum, bond) => sum + bond, this.owed.sum(token));
  }

  view(jobId: bigint): JobDispute | null {
    const found = this.disputes.get(jobId);
    if (!found) return null;
    const { token: _, sealed: __, ...dispute } = found;
    return dispute;
  }

  takeSeat(caller: Address, agentId: bigint, now: number): void {
    if (!this.#around.mayAct(caller, agentId)) throw refuse('NotYourIdentity');
    if (this.seats.has(agentId)) throw refuse('SeatExists');
    this.#requireStake(agentId);
    this.seats.set(agentId, now);
    if (!this.#list.includes(agentId)) this.#list.push(agentId);
    for (let i = 0; i < 2; i++) {
      this.#looked = (this.#looked + 1) % this.#list.length;
      const other = this.#list[this.#looked]!;
      if (!this.seats.has(other) || this.#around.stakeOf(other) < this.#around.seatStake) this.#vacate(other);
    }
  }

  leaveSeat(caller: Address, agentId: bigint): void {
    if (!this.#list.includes(agentId)) throw refuse('NoSeat');
    const { mayAct, stakeOf, seatStake } = this.#around;
    if (this.seats.has(agentId) && !mayAct(caller, agentId) && stakeOf(agentId) >= seatStake)
      throw refuse('SeatHasStake');
    this.#vacate(agentId);
  }

  accept(caller: Address, jobId: bigint): void {
    this.#inReview(jobId);
    if (this.#jobs.find(jobId).client !== caller) throw refuse('NotJobParty');
    if (this.disputes.has(jobId)) throw refuse('DisputeExists');
    this.#jobs.complete(this.#around.evaluator, jobId);
  }

  giveUp(caller: Address, jobId: bigint): void {
    if (this.#jobs.find(jobId).provider !== caller) throw refuse('NotJobParty');
    const d = this.disputes.get(jobId);
    if (d && d.defendedAt !== null) throw refuse('DisputeExists');
    // Refused before anything is paid: the whole call is undone.
    this.#jobs.reject(this.#around.evaluator, jobId);
    if (d && d.outcome === null) this.#concede(jobId, d);
  }

  dispute(caller: Address, jobId: bigint, grounds: Hex | null, now: number): bigint {
    this.#inReview(jobId);
    const { client, budget, submittedAt, token } = this.#jobs.find(jobId);
    if (client !== caller) throw refuse('NotJobParty');
    if (this.disputes.has(jobId)) throw refuse('DisputeExists');
    before(submittedAt! + this.#around.windowSeconds, now);
    const bond = bondOf(budget);
    const none = { defendedAt: null, drawnAt: null, outcome: null, answer: null };
    this.disputes.set(jobId, {
      ...none,
      ...{ bond, disputedAt: now, grounds, jury: [], token, sealed: new Map() },
    });
    this.#around.pull(token, caller, bond);
    return bond;
  }

  defend(caller: Address, jobId: bigint, answer: Hex | null, now: number): bigint {
    const d = this.#undecided(jobId);
    if (this.#jobs.find(jobId).provider !== caller) throw refuse('NotJobParty');
    if (d.defendedAt !== null) throw refuse('DisputeExists');
    before(d.disputedAt + this.#around.stepSeconds, now);
    Object.assign(d, { defendedAt: now, answer });
    this.#around.pull(d.token, caller, d.bond);
    return d.bond;
  }

  /** The seats that a jury can be drawn of. */
  eligible(jobId: bigint): bigint[] {
    const { client, provider, fundedAt } = this.#jobs.find(jobId);
    const { mayAct, stakeOf, seatStake } = this.#around;
    return [...this.seats].flatMap(([agentId, takenAt]) => {
      const isParty = mayAct(client, agentId) || mayAct(provider!, agentId);
      return takenAt < fundedAt! && stakeOf(agentId) >= seatStake && !isParty ? [agentId] : [];
    });
  }

  /** Size of a jury: an odd number up to 7, or none below 3. */
  static jurySize(eligible: number): number {
    const odd = Math.min(7, eligible - (eligible % 2 === 0 ? 1 : 0));
    return odd < 3 ? 0 : odd;
  }

  draw(jobId: bigint, jury: bigint[], now: number): void {
    const d = this.#undecided(jobId);
    if (d.defendedAt === null) throw refuse('NoDispute');
    if (d.drawnAt !== null) throw refuse('JuryExists');
    before(d.defendedAt + this.#around.stepSeconds, now);
    d.drawnAt = now;
    d.jury = jury.map((agentId) => ({ agentId, committed: false, vote: null, voter: null }));
    if (jury.length === 0) this.#giveBonds(jobId, d);
  }

  commit(caller: Address, vote: { jobId: bigint; agentId: bigint; sealed: string }, now: number): void {
    const d = this.#withJury(vote.jobId);
    const juror = this.#juror(caller, d, vote.agentId);
    before(d.drawnAt! + this.#around.stepSeconds, now);
    if (juror.committed) throw refuse('AlreadyVoted');
    juror.committed = true;
    d.sealed.set(vote.agentId, vote.sealed);
  }

  reveal(
    caller: Address,
    vote: { jobId: bigint; agentId: bigint; vote: JobVote; sealed: string },
    now: number,
  ): void {
    const d = this.#withJury(vote.jobId);
    const juror = this.#juror(caller, d, vote.agentId);
    const opens = d.drawnAt! + this.#around.stepSeconds;
    if (now < opens && !d.jury.every(({ committed }) => committed)) throw refuse('StepNotOver');
    before(opens + this.#around.stepSeconds, now);
    if (juror.vote !== null) throw refuse('AlreadyVoted');
    if (d.sealed.get(vote.agentId) !== vote.sealed) throw refuse('WrongVote');
    this.#requireStake(vote.agentId);
    Object.assign(juror, { vote: vote.vote, voter: caller });
  }

  decide(jobId: bigint, now: number): void {
    const d = this.#undecided(jobId);
    const step = this.#around.stepSeconds;
    if (d.defendedAt === null) {
      over(d.disputedAt + step, now);
      this.#concede(jobId, d);
    } else if (d.drawnAt === null) {
      over(d.defendedAt + step, now);
      this.#giveBonds(jobId, d);
    } else {
      if (d.jury.some(({ vote }) => vote === null)) over(d.drawnAt + 2 * step, now);
      this.#count(jobId, d);
    }
  }

  settle(jobId: bigint, now: number): void {
    this.#inReview(jobId);
    const d = this.disputes.get(jobId);
    if (!d) over(this.#jobs.find(jobId).submittedAt! + this.#around.windowSeconds, now);
    else if (d.outcome === null) this.decide(jobId, now);
    const { evaluator } = this.#around;
    if (d?.outcome === 'upheld') this.#jobs.reject(evaluator, jobId);
    else this.#jobs.complete(evaluator, jobId);
  }

  withdraw(token: Address, account: Address): bigint {
    const amount = this.owed.take(account, token);
    if (amount === 0n) throw refuse('NoBondToWithdraw');
    this.#around.push(token, account, amount);
    return amount;
  }

  get seatCount(): number {
    return this.#list.length;
  }

  /** The last of the list takes the place, unless a dispute awaits its draw. */
  #vacate(agentId: bigint): void {
    this.seats.delete(agentId);
    const awaited = [...this.disputes.values()].some(
      (d) => d.defendedAt !== null && d.drawnAt === null && d.outcome === null,
    );
    if (awaited || !this.#list.includes(agentId)) return;
    const last = this.#list.pop()!;
    if (last !== agentId) this.#list[this.#list.indexOf(agentId)] = last;
  }

  get #jobs(): JobRules {
    return this.#around.jobs();
  }

  #concede(jobId: bigint, d: Dispute): void {
    d.outcome = 'upheld';
    this.owed.add(d.bond, this.#jobs.find(jobId).client, d.token);
  }

  #giveBonds(jobId: bigint, d: Dispute): void {
    d.outcome = 'undecided';
    const { client, provider } = this.#jobs.find(jobId);
    for (const account of [client, provider!]) this.owed.add(d.bond, account, d.token);
  }

  #count(jobId: bigint, d: Dispute): void {
    const { stakeToken, seatStake } = this.#around;
    if (d.token === stakeToken && d.bond >= seatStake / 100n) {
      for (const { agentId, vote } of d.jury) if (vote === null) this.#vacate(agentId);
    }
    const of = (wanted: JobVote) => d.jury.filter(({ vote }) => vote === wanted);
    const [forIt, against] = [of('complete'), of('reject')];
    if (2 * (forIt.length + against.length) <= d.jury.length) {
      this.#giveBonds(jobId, d);
      return;
    }
    const stands = forIt.length >= against.length;
    d.outcome = stands ? 'stands' : 'upheld';
    const right = stands ? forIt : against;
    const each = d.bond / 2n / BigInt(right.length);
    for (const { voter } of right) this.owed.add(each, voter!, d.token);
    const { client, provider } = this.#jobs.find(jobId);
    this.owed.add(2n * d.bond - each * BigInt(right.length), stands ? provider! : client, d.token);
  }

  #inReview(jobId: bigint): void {
    const { evaluator, status } = this.#jobs.find(jobId);
    if (evaluator !== this.#around.evaluator || status !== 'submitted') throw refuse('NotInReview');
  }

  #undecided(jobId: bigint): Dispute {
    const d = this.disputes.get(jobId);
    if (!d) throw refuse('NoDispute');
    if (d.outcome !== null) throw refuse('DisputeDecided');
    return d;
  }

  #withJury(jobId: bigint): Dispute {
    const d = this.#undecided(jobId);
    if (d.drawnAt === null) throw refuse('JuryNotDrawn');
    return d;
  }

  #juror(caller: Address, d: Dispute, agentId: bigint) {
    const juror = d.jury.find((each) => each.agentId === agentId);
    if (!juror) throw refuse('NotAJuror');
    if (!this.#around.mayAct(caller, agentId)) throw refuse('NotYourIdentity');
    return juror;
  }

  #requireStake(agentId: bigint): void {
    const stake = this.#around.stakeOf(agentId);
    if (stake < this.#around.seatStake) throw refuse('SeatStakeTooSmall', { stake });
  }
}

function before(deadline: number, now: number): void {
  if (now >= deadline) throw refuse('StepOver', { deadline });
}

function over(deadline: number, now: number): void {
  if (now < deadline) throw refuse('StepNotOver', { deadline });
}
