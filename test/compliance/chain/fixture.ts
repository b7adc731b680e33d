import { ruleId } from '@chorus/chain';
import {
  type Address,
  type ChainPort,
  type ErrorCode,
  G1_INFINITY,
  type Hex,
  hasCode,
  OPEN_TO_ALL,
  type Role,
  type RoundState,
  type RoundVerdict,
  requestWindow,
  type Settlement,
  settlementCandidate,
  type TaskParams,
  type VectorCommitment,
  type VerdictFindings,
  type VerdictVote,
} from '@chorus/protocol';
import { addG1, G1_GENERATOR, mulG1 } from '../../twins/bn254.ts';
import { UNCHECKED_PROOF } from '../../twins/unchecked-proof.ts';

/** A chain with a token and funded accounts, one port each; `poor` has no tokens. */
export interface ChainWorld {
  token: Address;
  treasury: Address;
  /** At least eight. */
  accounts: ChainPort[];
  poor: ChainPort;
  /** Moves the chain's clock on. */
  passTime(seconds: number): Promise<void>;
  close(): Promise<void>;
}

export const SALT: Hex = `0x${'5a'.repeat(32)}`;

/** Deposited behind each identity before the first test: enough for every task's stake. */
export const DEPOSIT = 10n ** 9n;

/** Of a task: 1 % is 100, a lost case 2,000. */
export const STAKE = 10_000n;

/** The same round with another update, or another reference, in the first's place: as before a reorganisation. */
export function elsewhere(round: RoundState, what: 'updates' | 'references'): RoundState {
  const [first, ...others] = round.references;
  return what === 'updates'
    ? { ...round, updates: [vector(77n), ...round.updates.slice(1)] }
    : { ...round, references: [{ ...first!, opened: vector(77n) }, ...others] };
}

/** A vector commitment with a known discrete logarithm, so that sums are easy to state. */
export function vector(scalar: bigint): VectorCommitment {
  const hex = scalar.toString(16).padStart(64, '0');
  return { commitment: mulG1(G1_GENERATOR, scalar), digest: `0x${hex}` };
}

/** Accounts with an identity and stake behind it, and the steps of a task that they take. */
export class Fixture {
  readonly world: ChainWorld;
  readonly owner: ChainPort;
  readonly trainers: ChainPort[];
  readonly validators: ChainPort[];
  readonly aggregators: ChainPort[];
  /** Identities by account. */
  readonly agents = new Map<Address, bigint>();

  constructor(world: ChainWorld) {
    this.world = world;
    this.owner = world.accounts[0]!;
    this.trainers = world.accounts.slice(1, 4);
    this.validators = world.accounts.slice(4, 6);
    this.aggregators = world.accounts.slice(6, 8);
  }

  /** Register all accounts and deposit stake behind all identities but the poor one's. */
  static async open(world: ChainWorld): Promise<Fixture> {
    const fixture = new Fixture(world);
    for (const port of [...world.accounts, world.poor]) {
      const { agentId } = await port.registerIdentity(`ipfs://${port.account}`);
      fixture.agents.set(port.account, agentId);
      if (port !== world.poor) await port.depositStake(world.token, agentId, DEPOSIT);
    }
    return fixture;
  }

  get members(): ChainPort[] {
    return [...this.trainers, ...this.validators, ...this.aggregators];
  }

  agentOf(port: ChainPort): bigint {
    return this.agents.get(port.account)!;
  }

  params(changes: Partial<TaskParams> = {}): TaskParams {
    return {
      token: this.world.token,
      budget: 1_000_003n,
      rounds: 2,
      minTrainers: 1,
      maxTrainers: 3,
      minAggregators: 2,
      stake: STAKE,
      minValidators: 1,
      aggregatorFeeBps: 300,
      validatorFeeBps: 200,
      joinSeconds: 1000,
      commitSeconds: 1000,
      referenceSeconds: 1000,
      settleSeconds: 100,
      dimension: 10,
      rule: ruleId('reference-trust'),
      termsDigest: `0x${'7e'.repeat(32)}`,
      ...OPEN_TO_ALL,
      validators: this.validators.map((v) => v.account),
      ...changes,
    };
  }

  async create(changes?: Partial<TaskParams>): Promise<bigint> {
    return (await this.owner.createTask(this.params(changes))).taskId;
  }

  async join(port: ChainPort, taskId: bigint, roles: Role[], peerId = `peer-${port.account}`) {
    const { agreement } = await port.task(taskId);
    return port.join(taskId, { agreement, agentId: this.agentOf(port), roles, peerId });
  }

  async joinAll(ports: ChainPort[], taskId: bigint, role: Role): Promise<void> {
    for (const port of ports) await this.join(port, taskId, [role]);
  }

  /** A task that everyone has joined, in round 1. */
  async running(changes?: Partial<TaskParams>): Promise<bigint> {
    const taskId = await this.create(changes);
    await this.joinAll(this.trainers, taskId, 'trainer');
    await this.joinAll(this.validators, taskId, 'validator');
    await this.joinAll(this.aggregators, taskId, 'aggregator');
    return taskId;
  }

  /** As `running`, with the first aggregator as a third validator. */
  async withThreeValidators(changes?: Partial<TaskParams>): Promise<bigint> {
    const third = this.aggregators[0]!;
    const validators = [...this.validators, third].map((v) => v.account);
    const taskId = await this.create({ ...changes, validators });
    await this.joinAll(this.trainers, taskId, 'trainer');
    await this.joinAll(this.validators, taskId, 'validator');
    await this.join(third, taskId, ['validator', 'aggregator']);
    await this.join(this.aggregators[1]!, taskId, ['aggregator']);
    return taskId;
  }

  reference(port: ChainPort): VectorCommitment {
    return vector(BigInt(port.account) % 1000n);
  }

  seal(port: ChainPort, taskId: bigint, round: number) {
    return port.sealReference(taskId, round, port.sealOf(taskId, round, this.reference(port), SALT));
  }

  openSeal(port: ChainPort, taskId: bigint, round: number) {
    return port.openReference(taskId, round, this.reference(port), SALT);
  }

  /** Trainer i commits the generator times (i + 2). */
  commit(i: number, taskId: bigint, round: number) {
    return this.trainers[i]!.commitUpdate(taskId, round, vector(BigInt(i) + 2n));
  }

  async toReference(taskId: bigint, round = 1, validators = this.validators): Promise<void> {
    for (const i of this.trainers.keys()) await this.commit(i, taskId, round);
    for (const port of validators) await this.seal(port, taskId, round);
  }

  async toSettle(taskId: bigint, round = 1, validators = this.validators): Promise<void> {
    await this.toReference(taskId, round, validators);
    for (const port of validators) await this.openSeal(port, taskId, round);
  }

  /** A settlement without votes, whose aggregate is that of the fixture's commitments. */
  settlement(weights: number[], shares: number[], changes: Partial<Settlement> = {}): Settlement {
    return {
      weights,
      shares,
      unavailable: [],
      rejected: [],
      votes: [],
      novelty: G1_INFINITY,
      aggregate: weights.reduce(
        (sum, w, i) => addG1(sum, mulG1(G1_GENERATOR, BigInt(w) * (BigInt(i) + 2n))),
        G1_INFINITY,
      ),
      proof: UNCHECKED_PROOF,
      ...changes,
    };
  }

  /** Votes of these validators for what a settlement says. */
  async votes(
    taskId: bigint,
    round: number,
    found: Pick<RoundVerdict, 'unavailable' | 'rejected'> & Partial<VerdictFindings>,
    validators = this.validators,
    losses = { lossBefore: 2_000_000n, lossAfter: 1_000_000n },
  ): Promise<VerdictVote[]> {
    const { unavailable, rejected, novelty = G1_INFINITY } = found;
    const judged = await this.owner.round(taskId, round);
    const verdict = { unavailable, rejected, novelty, ...losses };
    return Promise.all(validators.map((v) => v.signVerdict(judged, verdict)));
  }

  /** Settle with the votes of all validators, unless the settlement brings its own. */
  async settle(port: ChainPort, taskId: bigint, round: number, given: Settlement) {
    const votes = given.votes.length > 0 ? given.votes : await this.votes(taskId, round, given);
    return port.settle(taskId, round, { ...given, votes });
  }

  async drawn(taskId: bigint, round = 1): Promise<ChainPort> {
    const [task, state] = [await this.owner.task(taskId), await this.owner.round(taskId, round)];
    const account = settlementCandidate(task, state, state.settleStart);
    return this.aggregators.find((a) => a.account === account)!;
  }

  /** The drawn candidate asks for verdicts, in the second half of its window. */
  async request(taskId: bigint, round = 1): Promise<void> {
    const port = await this.drawn(taskId, round);
    const [task, state] = [await this.owner.task(taskId), await this.owner.round(taskId, round)];
    const { from } = requestWindow(task, state, port.account)!;
    await this.world.passTime(Math.max(0, from - (await this.owner.now())));
    await port.requestVerdicts(taskId, round);
  }

  /** Let the current phase (or joining) run out, and end it as `by`. */
  async timeOut(taskId: bigint, by = this.owner): Promise<void> {
    const task = await this.owner.task(taskId);
    const until =
      task.round === 0 ? task.joinDeadline : (await this.owner.round(taskId, task.round)).deadline;
    await this.world.passTime(Math.max(0, until - (await this.owner.now())) + 1);
    await by.advance(taskId);
  }

  /** Let every phase run out until the task has ended. */
  async runOut(taskId: bigint): Promise<void> {
    while ((await this.owner.task(taskId)).status !== 'ended') await this.timeOut(taskId);
  }

  balance(account: Address): Promise<bigint> {
    return this.owner.balance(this.world.token, account);
  }

  owed(account: Address, taskIds: bigint[]): Promise<bigint> {
    return this.owner.claimable(this.world.token, account, taskIds);
  }

  /** What the pool behind an account's identity holds. */
  async pool(port: ChainPort): Promise<bigint> {
    return (await port.stake(this.world.token, this.agentOf(port))).tokens;
  }
}

/** The action is refused with this code. */
export async function refused(code: ErrorCode, action: Promise<unknown>): Promise<void> {
  const error = await action.then(
    () => new Error(`expected ${code}, but it succeeded`),
    (e: unknown) => e,
  );
  if (!hasCode(error, code)) throw error;
}
