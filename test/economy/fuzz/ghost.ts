import { AbiCoder, keccak256 } from 'ethers';
import { type Committed, hashOf } from '../../twins/typed-data.ts';
import type { Decoded, Receipt } from '../world/chain.ts';
import type { Point } from '../world/round.ts';
import type { World } from '../world/world.ts';

const TRAINER_ABSENT = 0;
const VALIDATOR_ABSENT = 1;
const AGGREGATOR_ABSENT = 2;
const UNAVAILABLE = 3;
const FALSE_VERDICT = 4;
const REJECTED_REFERENCE = 5;

/** What the model knows of the current round, from events and from what it did itself. */
export interface GhostRound {
  number: number;
  phase: number;
  deadline: number;
  settleStart: number;
  drawn: number;
  committed: Map<string, Committed>;
  sealed: Map<string, Opening>;
  opened: Map<string, Committed>;
  requested: boolean;
  /** Who asked for verdicts, and what it pays for each. */
  asked: { by: string; fee: bigint } | null;
  posted: Map<string, { unavailable: number; rejected: number }>;
}

export interface Opening {
  commitment: Point;
  digest: string;
  salt: string;
}

export interface GhostCase {
  round: number;
  /** Of the round, as votes name them. */
  commitments: string;
  trainer: string;
  index: number;
  accusers: string[];
  deadline: number;
  /** A majority has said that the payload is available. */
  won: boolean;
  resolved: boolean | null;
}

/** A task as its events tell it: independent of what the contract says of itself. */
export interface GhostTask {
  id: number;
  token: string;
  owner: string;
  params: Record<string, Decoded>;
  /** Addresses in appointment order. */
  appointed: string[];
  status: number;
  joinDeadline: number;
  trainers: string[];
  aggregators: string[];
  validators: string[];
  agents: Map<string, number>;
  round: GhostRound;
  /** Members that left or were dropped, with the last round they take part in. */
  lastRounds: Map<string, number>;
  cases: GhostCase[];
  released: Set<string>;
  /** Money in: escrow, top-ups, slashed stake. */
  given: bigint;
  /** Money out of the budget. */
  credited: bigint;
  refunded: bigint;
  protocol: bigint;
  collected: bigint;
  rewards: Map<string, bigint>;
}

/** Everything that is known without asking the contracts for sums. */
export class Ghost {
  readonly world: World;
  readonly tasks: GhostTask[] = [];
  /** Fees and rewards credited, and claimed, by token and account. */
  readonly credits = new Map<string, bigint>();
  readonly claims = new Map<string, bigint>();
  readonly offences = new Set<string>();
  readonly tickets: { id: number; owner: string; maturesAt: number; done: boolean }[] = [];
  readonly deposits: { token: string; agent: number; owner: string }[] = [];
  /** Signed claims that were carried out: they must not be again. */
  readonly usedClaims: unknown[][] = [];
  /** What was sealed, by seal. */
  readonly openings = new Map<string, Opening>();
  /** Events seen so far, by name. */
  readonly seen = new Map<string, number>();
  /** Who owns each identity. */
  readonly agentOwners: string[];

  constructor(world: World, agentOwners: string[]) {
    this.world = world;
    this.agentOwners = agentOwners;
  }

  task(k: number): GhostTask | undefined {
    return this.tasks[k % Math.max(1, this.tasks.length)];
  }

  /** Takes a receipt in. Throws where an event is not what the model says can happen. */
  observe(receipt: Receipt, now: number, sender: string): void {
    const { tasks, stakes } = this.world;
    const events = receipt.logs.flatMap((log) => {
      const contract = [tasks, stakes].find((c) => c.address === log.address.toLowerCase());
      const parsed = contract?.abi.parseLog(log);
      return parsed ? [{ name: parsed.name, args: parsed.args as Decoded }] : [];
    });
    // A settlement's own slashes come after the event of the next round.
    const settled = events.find((e) => e.name === 'RoundSettled')?.args;
    const before = new Map(this.tasks.map((t) => [t.id, { ...t.round }]));
    for (const { name, args } of events) {
      const label = name === 'MemberSlashed' ? `${name} ${args.kind}` : name;
      this.seen.set(label, (this.seen.get(label) ?? 0) + 1);
      const task = this.tasks.find((t) => args.taskId !== undefined && BigInt(t.id) === args.taskId);
      const account = (field: string): string => String(args[field]).toLowerCase();
      if (name === 'Joined') this.joined(task!, account('member'), Number(args.agentId), Number(args.roles));
      else if (name === 'ToppedUp') task!.given += args.amount;
      else if (name === 'Cancelled') require(task!.owner === sender, 'cancelled by another');
      else if (name === 'PhaseChanged') this.phase(task!, args, now);
      else if (name === 'AggregatorDrawn') task!.round.drawn = Number(args.candidate);
      else if (name === 'RoundVoided') require(settled === undefined, 'void and settled');
      else if (name === 'TaskEnded') this.ended(task!);
      else if (name === 'UpdateCommitted') first(task!.round.committed, account('trainer'), args);
      else if (name === 'ReferenceSealed') this.sealed(task!, account('validator'), args.seal);
      else if (name === 'VerdictPosted') this.posted(task!, account('validator'), args);
      else if (name === 'UnbondRequested') this.unbonding(account('owner'), args);
      else if (name === 'ReferenceOpened') first(task!.round.opened, account('validator'), args);
      else if (name === 'VerdictsRequested') this.requested(task!, account('aggregator'), args.fee, now);
      else if (name === 'MemberLeaving') this.leaving(task!, account('member'), args, sender);
      else if (name === 'RoundSettled') this.settled(task!, args);
      else if (name === 'CaseOpened') this.opened(task!, args);
      else if (name === 'CaseContested') this.contested(task!, args, now);
      else if (name === 'CaseResolved') this.resolved(task!, args, now);
      else if (name === 'MemberSlashed') this.slashed(task!, before.get(task!.id)!, args, now, settled);
      else if (name === 'StakeReleased') once(task!.released, account('member'), 'released twice');
      else if (name === 'Refunded') this.refunded(task!, args);
      else if (name === 'FeesCollected') task!.collected += args.amount;
      else if (name === 'Claimed') add(this.claims, `${account('token')} ${account('account')}`, args.amount);
      else if (name === 'Slashed') {
        require(args.toReporter + args.burned + args.toHarmed === args.amount, 'a slash does not add up');
      }
    }
  }

  private joined(task: GhostTask, member: string, agent: number, roles: number): void {
    require(task.status === 1, 'joined a task that is not joining');
    require(![...task.agents.values()].includes(agent), 'an identity joined twice');
    require(!task.agents.has(member), 'an account joined twice');
    task.agents.set(member, agent);
    if (roles & 1) task.trainers.push(member);
    if (roles & 2) task.validators.push(member);
    if (roles & 4) task.aggregators.push(member);
  }

  /** Phases go forward only: a later round, or a later phase of the same one. */
  private phase(task: GhostTask, args: Decoded, now: number): void {
    const [number, phase] = [Number(args.round), Number(args.phase)];
    const { round } = task;
    require(task.status !== 3, 'a phase after the end');
    task.status = 2;
    if (phase === 1) this.giveBack(task);
    if (phase === 1) {
      require(number === round.number + 1, 'a round was skipped or repeated');
      task.round = emptyRound(number);
    } else {
      require(number === round.number && phase === round.phase + 1, 'a phase was skipped or repeated');
    }
    require(Number(args.deadline) > now, 'a phase that is over when it begins');
    Object.assign(task.round, { phase, deadline: Number(args.deadline), settleStart: phase === 3 ? now : 0 });
  }

  private sealed(task: GhostTask, validator: string, seal: string): void {
    require(!task.round.sealed.has(validator), 'sealed twice');
    task.round.sealed.set(validator, this.openings.get(seal)!);
  }

  private posted(task: GhostTask, validator: string, args: Decoded): void {
    require(!task.round.posted.has(validator), 'posted twice');
    require(takesPart(task, validator), 'a validator that has departed posted a verdict');
    add(this.credits, `${task.token} ${validator}`, task.round.asked!.fee);
    task.round.posted.set(validator, {
      unavailable: Number(args.unavailable),
      rejected: Number(args.rejected),
    });
  }

  private unbonding(owner: string, args: Decoded): void {
    this.tickets.push({ id: Number(args.ticketId), owner, maturesAt: Number(args.maturesAt), done: false });
  }

  /** In the second half of its own window, and of no other's. */
  private requested(task: GhostTask, by: string, fee: bigint, now: number): void {
    const { round, params } = task;
    require(!round.requested, 'asked twice for verdicts');
    const turn = candidatesOf(task).indexOf(by);
    const opens = round.settleStart + turn * params.settleSeconds;
    const second = opens + Math.floor(params.settleSeconds / 2);
    require(turn >= 0 && second <= now && now < opens + params.settleSeconds, 'asked out of turn');
    round.requested = true;
    round.asked = { by, fee };
  }

  /** A departure takes effect between rounds, is asked for by the member itself or follows from its absences. */
  private leaving(task: GhostTask, member: string, args: Decoded, sender: string): void {
    require(task.status === 2 && task.agents.has(member), 'somebody leaves who is no member');
    require(!task.lastRounds.has(member), 'left twice');
    require(Number(args.round) === task.round.number, 'left in another round');
    require(args.dropped || sender === member, 'somebody left for another');
    task.lastRounds.set(member, task.round.number);
  }

  /** The round is over: what validators that posted nothing did not earn is the candidate's. */
  private giveBack(task: GhostTask): void {
    const { asked, posted } = task.round;
    if (!asked) return;
    const silent = task.validators.filter((v) => takesPart(task, v) && !posted.has(v));
    add(this.credits, `${task.token} ${asked.by}`, asked.fee * BigInt(silent.length));
    task.round.asked = null;
  }

  private ended(task: GhostTask): void {
    require(task.status !== 3, 'ended twice');
    this.giveBack(task);
    task.status = 3;
  }

  private settled(task: GhostTask, args: Decoded): void {
    const { round } = task;
    require(round.phase === 3 && Number(args.round) === round.number, 'settled out of turn');
    const used = task.appointed.filter((v, i) => round.opened.has(v) && !((Number(args.rejected) >> i) & 1));
    const each = args.validatorFee / BigInt(used.length);
    require(each * BigInt(used.length) === args.validatorFee, 'validators are not paid alike');
    const credit = (account: string, amount: bigint): void =>
      add(this.credits, `${task.token} ${account}`, amount);
    for (const validator of used) credit(validator, each);
    credit(String(args.aggregator).toLowerCase(), args.aggregatorFee);
    let rewards = 0n;
    for (const [i, reward] of (args.rewards as bigint[]).entries()) {
      if (reward === 0n) continue;
      require(round.committed.has(task.trainers[i]!), 'paid without a commitment');
      credit(task.trainers[i]!, reward);
      add(task.rewards, task.trainers[i]!, reward);
      rewards += reward;
    }
    require(rewards <= args.pool, 'more rewards than the pool');
    const total = rewards + args.protocolFee + args.aggregatorFee + args.validatorFee;
    require(total <= args.budget, 'a round spent more than its budget');
    task.credited += total;
    task.protocol += args.protocolFee;
  }

  private opened(task: GhostTask, args: Decoded): void {
    const trainer = String(args.trainer).toLowerCase();
    const accusers = task.appointed.filter((_, i) => (Number(args.accusers) >> i) & 1);
    const round = Number(args.round);
    require(2 * accusers.length > task.validators.length, 'accused by less than a majority');
    const index = task.trainers.indexOf(trainer);
    const deadline = Number(args.deadline);
    const commitments = commitmentsOf(task);
    const entry = { round, commitments, trainer, index, accusers, deadline, won: false, resolved: null };
    task.cases.push(entry);
  }

  /** A majority came together in time, and only then the others have longer to join it. */
  private contested(task: GhostTask, args: Decoded, now: number): void {
    const trainer = String(args.trainer).toLowerCase();
    const found = task.cases.find((c) => c.round === Number(args.round) && c.trainer === trainer);
    require(found !== undefined && found.resolved === null, 'a case that is not open was contested');
    require(now < found!.deadline, 'contested late');
    const count = task.appointed.filter((_, i) => (Number(args.available) >> i) & 1).length;
    require(2 * count > task.validators.length, 'won by less than a majority');
    require(!found!.won || Number(args.deadline) === found!.deadline, 'a deadline moved twice');
    found!.won = true;
    found!.deadline = Number(args.deadline);
  }

  private resolved(task: GhostTask, args: Decoded, now: number): void {
    const trainer = String(args.trainer).toLowerCase();
    const found = task.cases.find((c) => c.round === Number(args.round) && c.trainer === trainer);
    require(found !== undefined && found.resolved === null, 'a case that is not open was resolved');
    require(args.available || !found!.won, 'a case that was won is lost');
    require(args.available || now >= found!.deadline, 'resolved early');
    require(!args.available || found!.won || now < found!.deadline, 'contested late');
    found!.resolved = args.available;
  }

  /** Every slash has its evidence, is of this task's member, and happens once. */
  private slashed(task: GhostTask, before: GhostRound, args: Decoded, now: number, settled: Decoded): void {
    const member = String(args.member).toLowerCase();
    const [kind, number] = [Number(args.kind), Number(args.round)];
    const encoded = AbiCoder.defaultAbiCoder().encode(
      ['uint256', 'uint256', 'address', 'uint8'],
      [task.id, number, member, kind],
    );
    require(keccak256(encoded) === args.offence, 'an offence under another name');
    once(this.offences, args.offence, 'slashed twice for one offence');
    task.given += args.toTask;
    const over = now >= before.deadline && before.number === number;
    const found = task.cases.filter((c) => c.round === number && c.resolved !== null);
    const index = task.aggregators.indexOf(member);
    const turn = candidatesOf(task, before).indexOf(member);
    const windowPassed = now >= before.settleStart + (turn + 1) * task.params.settleSeconds;
    const evidence: Record<number, () => boolean> = {
      [TRAINER_ABSENT]: () =>
        over && before.phase === 1 && task.trainers.includes(member) && !before.committed.has(member),
      [VALIDATOR_ABSENT]: () =>
        over &&
        task.validators.includes(member) &&
        ((before.phase === 1 && !before.sealed.has(member)) ||
          (before.phase === 2 && before.sealed.has(member) && !before.opened.has(member)) ||
          (before.phase === 3 && before.requested && !before.posted.has(member))),
      [AGGREGATOR_ABSENT]: () =>
        before.number === number &&
        before.phase === 3 &&
        index >= 0 &&
        turn >= 0 &&
        windowPassed &&
        !excused(task, before),
      [UNAVAILABLE]: () =>
        found.some((c) => c.trainer === member && c.resolved === false && now >= c.deadline),
      [FALSE_VERDICT]: () => found.some((c) => c.resolved === true && c.accusers.includes(member)),
      [REJECTED_REFERENCE]: () =>
        settled !== undefined && ((Number(settled.rejected) >> task.appointed.indexOf(member)) & 1) === 1,
    };
    require(evidence[kind]!(), `slashed without evidence: offence ${kind}`);
    require(takesPart(task, member, number), 'slashed for a round after it had departed');
    if (kind <= AGGREGATOR_ABSENT) {
      require(args.toTask === 0n, 'an absence paid the task');
    }
  }

  private refunded(task: GhostTask, args: Decoded): void {
    require(task.status === 3, 'refunded before the end');
    require(String(args.owner).toLowerCase() === task.owner, 'refunded to another than the owner');
    task.refunded += args.amount;
  }
}

/** Candidates could not settle where verdicts were asked for and no majority gave the same, usable one. */
function excused(task: GhostTask, round: GhostRound): boolean {
  if (!round.requested) return false;
  const opened = task.appointed.reduce((bits, v, i) => bits | (round.opened.has(v) ? 1 << i : 0), 0);
  const counts = new Map<string, number>();
  for (const { unavailable, rejected } of round.posted.values()) {
    const key = `${unavailable} ${rejected}`;
    if (rejected !== opened) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return 2 * Math.max(0, ...counts.values()) <= task.validators.length;
}

/** Whether a member takes part in a round, by default the current one. */
export function takesPart(task: GhostTask, member: string, round = task.round.number): boolean {
  return round <= (task.lastRounds.get(member) ?? Number.POSITIVE_INFINITY);
}

/** The aggregators that take part, in the order of their windows. */
export function candidatesOf(task: GhostTask, { drawn, number } = task.round): string[] {
  const inTurn = task.aggregators.map((_, i, all) => all[(drawn + i) % all.length]!);
  return inTurn.filter((a) => takesPart(task, a, number));
}

/** Of the current round, as votes name them. */
export function commitmentsOf({ trainers, appointed, round }: GhostTask): string {
  return hashOf({
    updates: trainers.map((account) => round.committed.get(account)),
    references: appointed.map((account) => round.opened.get(account)),
  });
}

export function emptyRound(number: number): GhostRound {
  return {
    number,
    phase: 0,
    deadline: 0,
    settleStart: 0,
    drawn: 0,
    committed: new Map(),
    sealed: new Map(),
    opened: new Map(),
    requested: false,
    asked: null,
    posted: new Map(),
  };
}

export function require(holds: boolean, what: string): void {
  if (!holds) throw new Error(`invariant: ${what}`);
}

/** A member commits or opens once in a round. */
function first(map: Map<string, Committed>, account: string, { commitment }: Committed): void {
  require(!map.has(account), 'committed or opened twice');
  map.set(account, { commitment });
}

function once<T>(set: Set<T>, value: T, what: string): void {
  require(!set.has(value), what);
  set.add(value);
}

export function add(map: Map<string, bigint>, key: string, amount: bigint): void {
  map.set(key, (map.get(key) ?? 0n) + amount);
}
