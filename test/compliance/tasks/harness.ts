import {
  chorusToken,
  identityRegistry,
  linkCode,
  packWords,
  parameters,
  reputationRegistry,
  roundAttestor,
  SHARE_WORDS,
  stakeManager,
  taskLibraries,
  taskManager,
  validationRegistry,
  WEIGHT_WORDS,
} from '@chorus/contracts';
import type { RuleName } from '@chorus/protocol';
import {
  AbiCoder,
  type Contract,
  id,
  type JsonRpcSigner,
  keccak256,
  type TransactionReceipt,
  toBeHex,
  type Wallet,
  ZeroHash,
} from 'ethers';
import { expect } from 'vitest';
import { LENS } from '../../economy/world/lens.ts';
import { addG1, G1_GENERATOR, mulG1 } from '../../twins/bn254.ts';
import {
  AVAILABLE,
  CLAIM,
  type Commitments,
  commitmentsIn,
  domainOf,
  hashOf,
  pointHash,
  VERDICT,
} from '../../twins/typed-data.ts';
import { acceptingVerifier } from '../../twins/verifiers.ts';
import { as, type Evm, events, read, send, startEvm } from '../evm.ts';

export const RULE = id('reference-trust');
/** Its verifier in this world accepts everything, and says that the rule has groups and novelty. */
export const PROJECTION = id('reference-projection');
export const SALT = `0x${'5a'.repeat(32)}`;
export const BURN = '0x000000000000000000000000000000000000dEaD';
export const TREASURY = '0x00000000000000000000000000000000007AEA50';
export const SHARE_ONE = 2 ** 32;
const CHAIN_ID = 31337;

export const ROLE = { trainer: 1, validator: 2, aggregator: 4 } as const;
/** As in `ITaskManager`. */
export const STATUS = { joining: 1n, running: 2n, ended: 3n } as const;
export const PHASE = { none: 0n, commit: 1n, reference: 2n, settle: 3n, settled: 4n, void: 5n } as const;
export const OFFENCE = {
  trainerAbsent: 0n,
  validatorAbsent: 1n,
  aggregatorAbsent: 2n,
  unavailable: 3n,
  falseVerdict: 4n,
  rejectedReference: 5n,
} as const;

/** An account with an identity and stake behind it. */
export interface Player {
  signer: JsonRpcSigner;
  wallet: Wallet;
  address: string;
  agentId: bigint;
}

export interface Point {
  x: bigint;
  y: bigint;
}

export interface Vote {
  validator: string;
  lossBefore: bigint;
  lossAfter: bigint;
  signature: string;
}

/** `TaskParams` of the contract. */
export type Terms = Record<string, unknown>;

/** A verdict to be signed. */
export interface VerdictPlan {
  unavailable?: bigint;
  rejected?: bigint;
  /** By default none. */
  novelty?: Point;
  losses?: [bigint, bigint];
  /** By default those of the round on chain. */
  judged?: Commitments;
}

/** A settlement to be built: everything has a default that is accepted. */
export interface SettlementPlan {
  weights?: number[];
  shares?: number[];
  unavailable?: bigint;
  rejected?: bigint;
  /** By default none. */
  novelty?: Point;
  aggregate?: Point;
  /** By default those of all active validators. */
  voters?: Player[];
  /** One per voter, or one for all: losses before and after in millionths. By default 2000000 and 1000000. */
  losses?: [bigint, bigint][] | [bigint, bigint];
  votes?: Vote[];
}

export interface WorldOptions {
  trainers?: number;
  validators?: number;
  aggregators?: number;
  /** Of every identity, in the token. */
  stake?: bigint;
  /** Of a verifier to use in place of the one that accepts everything. */
  verifier?: (evm: Evm) => Promise<string>;
  /** Likewise of the rule with groups and novelty. */
  projectionVerifier?: (evm: Evm) => Promise<string>;
}

/** Infinity, as it stands for no point. */
export const NO_POINT: Point = { x: 0n, y: 0n };

/** scalar * [1]1, so that sums are easy to state. */
export const point = (scalar: bigint): Point => mulG1(G1_GENERATOR, scalar);
export { addG1 };

export const bits = (...indices: number[]): bigint =>
  indices.reduce((bitmap, index) => bitmap | (1n << BigInt(index)), 0n);

export const NO_PROOF = {
  gramHash: 0n,
  innerProduct: 0n,
  cross: { x: 0n, y: 0n },
  quotient: { x: 0n, y: 0n },
  evaluations: [0n, 0n, 0n, 0n, 0n, 0n],
  groth16: { a: { x: 0n, y: 0n }, b: { x: [0n, 0n], y: [0n, 0n] }, c: { x: 0n, y: 0n } },
};

/**
 * The whole economy on a development chain: contracts, accounts with identities and stake, and a word for every step
 * of a task. Every step checks that the money of all tasks and stakes adds up.
 */
export class TaskWorld {
  evm: Evm;
  token: Contract;
  tasks: Contract;
  stakes: Contract;
  parameters: Contract;
  identities: Contract;
  attestor: Contract;
  /** Adds the money up, in one call. */
  lens: Contract;
  verifier: string;
  /** Owns the parameters and deploys; holds the rest of the token. */
  governor: JsonRpcSigner;
  owner: Player;
  stranger: Player;
  trainers: Player[];
  validators: Player[];
  aggregators: Player[];
  /** Tokens whose ledgers are checked. */
  tokens: Contract[];
  /** Tasks that exist. */
  taskIds: bigint[] = [];
  #snapshot: string | null = null;

  constructor(parts: Pick<TaskWorld, WorldParts>) {
    this.evm = parts.evm;
    this.token = parts.token;
    this.tasks = parts.tasks;
    this.stakes = parts.stakes;
    this.parameters = parts.parameters;
    this.identities = parts.identities;
    this.attestor = parts.attestor;
    this.lens = parts.lens;
    this.verifier = parts.verifier;
    this.governor = parts.governor;
    this.owner = parts.owner;
    this.stranger = parts.stranger;
    this.trainers = parts.trainers;
    this.validators = parts.validators;
    this.aggregators = parts.aggregators;
    this.tokens = [parts.token];
  }

  get players(): Player[] {
    return [this.owner, this.stranger, ...this.trainers, ...this.validators, ...this.aggregators];
  }

  /** Back to the state of the last `save`, which stays valid. */
  async restore(): Promise<void> {
    if (this.#snapshot !== null) await this.evm.provider.send('evm_revert', [this.#snapshot]);
    await this.save();
    this.taskIds = [];
    this.tokens = [this.token];
  }

  async save(): Promise<void> {
    this.#snapshot = await this.evm.provider.send('evm_snapshot', []);
  }

  // ---- a task and its members ----

  terms(changes: Terms = {}): Terms {
    return {
      token: this.token.target,
      budget: 1_000_003n,
      rounds: 2,
      minTrainers: 1,
      maxTrainers: this.trainers.length,
      minAggregators: this.aggregators.length,
      stake: 10_000n,
      minValidators: 1,
      aggregatorFeeBps: 300,
      validatorFeeBps: 200,
      joinSeconds: 1000,
      commitSeconds: 1000,
      referenceSeconds: 1000,
      settleSeconds: 100,
      dimension: 10,
      rule: RULE,
      termsDigest: `0x${'7e'.repeat(32)}`,
      allowRoot: ZeroHash,
      minReputation: 0,
      vestingRounds: 0,
      stagnationBps: 10_000,
      minShareBps: 0,
      slashReporterBps: 1000,
      slashBurnBps: 5000,
      validators: this.validators.map((v) => v.address),
      ...changes,
    };
  }

  async create(changes: Terms = {}, owner = this.owner): Promise<bigint> {
    const receipt = await this.send(owner, 'createTask', this.terms(changes));
    const { taskId } = events(receipt, this.tasks, 'TaskCreated')[0];
    this.taskIds.push(taskId);
    await this.checkMoney();
    return taskId;
  }

  async join(
    taskId: bigint,
    player: Player,
    roles: number,
    proof: string[] = [],
  ): Promise<TransactionReceipt> {
    const agreed = await this.agreement(taskId);
    return this.send(player, 'join', taskId, agreed, player.agentId, roles, '0x70656572', proof);
  }

  async agreement(taskId: bigint): Promise<string> {
    return (await this.task(taskId)).agreement;
  }

  /** A task that everyone has joined, in round 1. */
  async start(changes: Terms = {}): Promise<bigint> {
    const taskId = await this.create(changes);
    for (const player of this.trainers) await this.join(taskId, player, ROLE.trainer);
    for (const player of this.validators) await this.join(taskId, player, ROLE.validator);
    for (const player of this.aggregators) await this.join(taskId, player, ROLE.aggregator);
    return taskId;
  }

  // ---- a round ----

  /** The update that trainer i commits in a round. */
  update(i: number, round = 1): Point {
    return point(BigInt(100 * round + i + 2));
  }

  /** The reference that validator i seals in a round. */
  reference(i: number, round = 1): Point {
    return point(BigInt(100_000 * round + i + 1));
  }

  commit(taskId: bigint, i: number, round = 1): Promise<TransactionReceipt> {
    return this.#transact(this.trainers[i]!, 'commitUpdate', [
      taskId,
      round,
      this.update(i, round),
      digestOf(i),
    ]);
  }

  sealOf(taskId: bigint, i: number, round = 1): string {
    const { x, y } = this.reference(i, round);
    const types = ['uint256', 'uint256', 'address', 'uint256', 'uint256', 'bytes32', 'bytes32'];
    const values = [taskId, round, this.validators[i]!.address, x, y, digestOf(i), SALT];
    return keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
  }

  seal(taskId: bigint, i: number, round = 1): Promise<TransactionReceipt> {
    return this.#transact(this.validators[i]!, 'sealReference', [
      taskId,
      round,
      this.sealOf(taskId, i, round),
    ]);
  }

  open(taskId: bigint, i: number, round = 1): Promise<TransactionReceipt> {
    const reference = this.reference(i, round);
    return this.#transact(this.validators[i]!, 'openReference', [
      taskId,
      round,
      reference,
      digestOf(i),
      SALT,
    ]);
  }

  /**
   * All, or the given, trainers commit and validators seal. If these are not all, time advances to the next phase.
   */
  async toReference(taskId: bigint, round = 1, who: Acting = {}): Promise<void> {
    const { trainers = indices(this.trainers), sealing = indices(this.validators) } = who;
    await Promise.all([
      ...trainers.map((i) => this.commit(taskId, i, round)),
      ...sealing.map((i) => this.seal(taskId, i, round)),
    ]);
    await this.checkMoney();
    if ((await this.round(taskId)).phase === PHASE.commit) await this.expire(taskId);
  }

  /** Likewise to the settle phase. */
  async toSettle(taskId: bigint, round = 1, who: Acting = {}): Promise<void> {
    await this.toReference(taskId, round, who);
    const opening = who.opening ?? who.sealing ?? indices(this.validators);
    await Promise.all(opening.map((i) => this.open(taskId, i, round)));
    await this.checkMoney();
    if ((await this.round(taskId)).phase === PHASE.reference) await this.expire(taskId);
  }

  /** The aggregators in the order of their windows. */
  async order(taskId: bigint): Promise<Player[]> {
    const drawn = Number((await this.round(taskId)).drawnAggregator);
    return this.aggregators.map((_, i) => this.aggregators[(drawn + i) % this.aggregators.length]!);
  }

  async verdict(voter: Player, taskId: bigint, round: number, plan: VerdictPlan = {}): Promise<Vote> {
    const { unavailable = 0n, rejected = 0n, losses = [2_000_000n, 1_000_000n] } = plan;
    const [lossBefore, lossAfter] = losses;
    const commitments = hashOf(plan.judged ?? (await this.commitments(taskId, round)));
    const novelty = pointHash(plan.novelty);
    const value = { taskId, round, commitments, unavailable, rejected, novelty, lossBefore, lossAfter };
    const signature = await voter.wallet.signTypedData(this.domain(), VERDICT, value);
    return { validator: voter.address, lossBefore, lossAfter, signature };
  }

  async available(voter: Player, taskId: bigint, round: number, trainer: number, judged?: Commitments) {
    const commitments = hashOf(judged ?? (await this.commitments(taskId, round)));
    const value = { taskId, round, commitments, trainer };
    const signature = await voter.wallet.signTypedData(this.domain(), AVAILABLE, value);
    return { validator: voter.address, signature };
  }

  async settlement(taskId: bigint, round: number, plan: SettlementPlan = {}): Promise<object> {
    const { unavailable = 0n, rejected = 0n, novelty = NO_POINT, voters = this.validators } = plan;
    const lossesOf = (i: number): [bigint, bigint] | undefined =>
      Array.isArray(plan.losses?.[0])
        ? (plan.losses as [bigint, bigint][])[i]
        : (plan.losses as [bigint, bigint] | undefined);
    const votes =
      plan.votes ??
      (await Promise.all(
        voters.map((voter, i) => {
          const losses = lossesOf(i);
          const findings = { unavailable, rejected, novelty };
          return this.verdict(voter, taskId, round, { ...findings, ...(losses && { losses }) });
        }),
      ));
    return {
      weights: packWords(plan.weights ?? [], WEIGHT_WORDS),
      shares: packWords(plan.shares ?? [], SHARE_WORDS),
      unavailable,
      rejected,
      votes,
      novelty,
      aggregate: plan.aggregate ?? NO_POINT,
      proof: NO_PROOF,
    };
  }

  /** Settle as the candidate whose window comes first, or as another. */
  async settle(
    taskId: bigint,
    round = 1,
    plan: SettlementPlan = {},
    by?: Player,
  ): Promise<TransactionReceipt> {
    const player = by ?? (await this.order(taskId))[0]!;
    return this.send(player, 'settle', taskId, round, await this.settlement(taskId, round, plan));
  }

  /** A whole round in which everyone acts. */
  async play(taskId: bigint, round: number, plan: SettlementPlan = {}): Promise<TransactionReceipt> {
    await this.toSettle(taskId, round);
    return this.settle(taskId, round, plan);
  }

  /** Let the current phase's deadline pass and advance. */
  async expire(taskId: bigint, by = this.stranger): Promise<TransactionReceipt> {
    await this.pass(taskId);
    return this.send(by, 'advance', taskId);
  }

  /** Let the current deadline pass. */
  async pass(taskId: bigint): Promise<void> {
    const task = await this.task(taskId);
    const until = task.status === STATUS.joining ? task.joinDeadline : (await this.round(taskId)).deadline;
    await this.passTo(Number(until));
  }

  async passTo(time: number): Promise<void> {
    const seconds = time - (await this.evm.now());
    if (seconds > 0) await this.evm.passTime(seconds);
  }

  /** Let every phase run out until the task has ended. */
  async runOut(taskId: bigint): Promise<void> {
    while ((await this.task(taskId)).status !== STATUS.ended) await this.expire(taskId);
  }

  // ---- money ----

  async signClaim(
    player: Pick<Player, 'address' | 'wallet'>,
    taskIds: bigint[],
    to: string,
    changes: Record<string, unknown> = {},
    chain: Record<string, unknown> = {},
  ): Promise<string> {
    const message = {
      account: player.address,
      token: this.token.target,
      taskIds,
      to,
      nonce: await read(this.tasks, 'nonces', player.address),
      deadline: 2n ** 40n,
      ...changes,
    };
    return player.wallet.signTypedData({ ...this.domain(), ...chain }, CLAIM, message);
  }

  async balance(address: string, token = this.token): Promise<bigint> {
    return read(token, 'balanceOf', address);
  }

  claimable(player: { address: string }, taskIds: bigint[] = []): Promise<bigint> {
    return read(this.tasks, 'claimable', this.token.target, player.address, taskIds);
  }

  lockOf(taskId: bigint, player: Player): Promise<bigint> {
    return read(this.stakes, 'lockOf', this.token.target, player.agentId, taskId);
  }

  /**
   * Every unit is accounted for, in both contracts and every token. What is owed is asked of each known account, so a
   * credit to any other account shows as well.
   */
  async checkMoney(): Promise<void> {
    const accounts = [...this.players.map((p) => p.address), this.governor.address, TREASURY];
    const tokens = this.tokens.map((token) => token.target);
    const [money] = await read(
      this.lens,
      'money',
      this.tasks.target,
      this.stakes.target,
      tokens,
      accounts,
      this.taskIds.length,
      this.players.length,
    );
    for (const { tasksHold, tasksOwe, feesOwed, stakesHold, pools, reports } of money) {
      expect(tasksHold, 'the task contract holds what it owes').toBe(tasksOwe + feesOwed);
      expect(stakesHold, 'the stake contract holds what it owes').toBe(pools + reports);
    }
  }

  // ---- reading ----

  // biome-ignore lint/suspicious/noExplicitAny: known from the ABI alone
  task(taskId: bigint): Promise<any> {
    return read(this.tasks, 'getTask', taskId);
  }

  // biome-ignore lint/suspicious/noExplicitAny: known from the ABI alone
  round(taskId: bigint): Promise<any> {
    return read(this.tasks, 'getRound', taskId);
  }

  // biome-ignore lint/suspicious/noExplicitAny: known from the ABI alone
  member(taskId: bigint, player: { address: string }): Promise<any> {
    return read(this.tasks, 'getMember', taskId, player.address);
  }

  // biome-ignore lint/suspicious/noExplicitAny: known from the ABI alone
  events(receipt: TransactionReceipt, name: string): any[] {
    return events(receipt, this.tasks, name);
  }

  /** The slashes of a transaction with their reasons, and the part that went to the task. */
  slashes(receipt: TransactionReceipt): { member: string; kind: bigint; toTask: bigint; reporter: string }[] {
    return this.events(receipt, 'MemberSlashed').map(({ member, kind, toTask, reporter }) => ({
      member,
      kind,
      toTask,
      reporter,
    }));
  }

  /** What was committed to in a round, of any number, out of its events. */
  async commitments(taskId: bigint, round: number): Promise<Commitments> {
    const { target: address, interface: abi } = this.tasks;
    const indexed = [taskId, round].map((value) => toBeHex(value, 32));
    const logs = await this.evm.provider.getLogs({ address, fromBlock: 0, topics: [null, ...indexed] });
    const { trainers, params } = await this.task(taskId);
    const events = logs.map((log) => abi.parseLog(log)!);
    return commitmentsIn(events, [...trainers], [...params.validators]);
  }

  domain() {
    return domainOf(CHAIN_ID, this.tasks.target as string);
  }

  /** `tasks` as a player calls it. */
  by(player: { signer: JsonRpcSigner }): Contract {
    return as(this.tasks, player.signer);
  }

  /** A transaction that is to succeed, and the ledger after it. */
  async send(
    player: { signer: JsonRpcSigner },
    name: string,
    ...args: unknown[]
  ): Promise<TransactionReceipt> {
    const receipt = await this.#transact(player, name, args);
    // A task that was just created is not known yet: `create` checks after it.
    if (name !== 'createTask') await this.checkMoney();
    return receipt;
  }

  /** With gas enough also for the one that ends a phase, which no concurrent estimate can know. */
  #transact(player: { signer: JsonRpcSigner }, name: string, args: unknown[]): Promise<TransactionReceipt> {
    return send(this.by(player), name, ...args, { gasLimit: 12_000_000 });
  }

  close(): Promise<void> {
    return this.evm.close();
  }
}

type WorldParts =
  | 'evm'
  | 'token'
  | 'tasks'
  | 'stakes'
  | 'parameters'
  | 'identities'
  | 'attestor'
  | 'lens'
  | 'verifier'
  | 'governor'
  | 'owner'
  | 'stranger'
  | 'trainers'
  | 'validators'
  | 'aggregators';

/** The members that act in time; default: all. */
export interface Acting {
  trainers?: number[];
  sealing?: number[];
  /** By default those that sealed. */
  opening?: number[];
}

export const digestOf = (i: number): string => `0x${(i + 1).toString(16).padStart(64, '0')}`;

const indices = (players: Player[]): number[] => players.map((_, i) => i);

/** Deploy everything: by default three trainers, three validators, two aggregators, and a verifier that accepts all. */
export async function openTaskWorld(options: WorldOptions = {}): Promise<TaskWorld> {
  const { trainers = 3, validators = 3, aggregators = 2, stake = 10n ** 9n } = options;
  const evm = await startEvm(3 + trainers + validators + aggregators);
  const governor = evm.signers[0]!;
  const token = await evm.deploy(chorusToken, governor.address, 10n ** 30n);
  const identities = await evm.deploy(identityRegistry);
  const reputations = await evm.deploy(reputationRegistry, identities.target);
  const validations = await evm.deploy(validationRegistry, identities.target);
  const params = await evm.deploy(parameters, governor.address, TREASURY);
  const stakes = await evm.deploy(stakeManager, params.target, identities.target);
  const attestor = await evm.deploy(
    roundAttestor,
    params.target,
    identities.target,
    reputations.target,
    validations.target,
  );
  const tasks = await deployTaskManager(evm, params, stakes, identities);
  await send(params, 'setContracts', tasks.target, attestor.target);
  const accepting = async (rule: RuleName): Promise<string> =>
    (await evm.deploy({ abi: [], bytecode: acceptingVerifier(rule) })).target as string;
  const verifier = options.verifier ? await options.verifier(evm) : await accepting('reference-trust');
  await send(params, 'addVerifier', RULE, 16, verifier);
  const lens = await evm.deploySource('Lens', LENS);
  const projection = options.projectionVerifier
    ? await options.projectionVerifier(evm)
    : await accepting('reference-projection');
  await send(params, 'addVerifier', PROJECTION, 16, projection);
  const players: Player[] = [];
  for (const [i, signer] of evm.signers.slice(1).entries()) {
    await send(as(identities, signer), 'register()');
    await send(token, 'transfer', signer.address, 10n ** 20n);
    await send(as(token, signer), 'approve', tasks.target, 2n ** 255n);
    await send(as(token, signer), 'approve', stakes.target, 2n ** 255n);
    await send(as(stakes, signer), 'deposit', token.target, i, stake);
    players.push({ signer, wallet: evm.wallets[i + 1]!, address: signer.address, agentId: BigInt(i) });
  }
  const world = new TaskWorld({
    evm,
    token,
    tasks,
    stakes,
    parameters: params,
    identities,
    attestor,
    lens,
    verifier,
    governor,
    owner: players[0]!,
    stranger: players[1]!,
    trainers: players.slice(2, 2 + trainers),
    validators: players.slice(2 + trainers, 2 + trainers + validators),
    aggregators: players.slice(2 + trainers + validators),
  });
  await world.save();
  return world;
}

/** The task contract with its libraries. */
export async function deployTaskManager(
  evm: Evm,
  ...[params, stakes, identities]: [Contract, Contract, Contract]
): Promise<Contract> {
  const libraries: Record<string, string> = {};
  for (const library of taskLibraries) {
    libraries[library.contractName] = (await evm.deploy(library)).target as string;
  }
  const bytecode = linkCode(taskManager, libraries);
  return evm.deploy({ abi: taskManager.abi, bytecode }, params.target, stakes.target, identities.target);
}

/**
 * A second token of every player, staked as well, that can be made to keep a part of each transfer (`setFee`). Its
 * ledger is checked from now on.
 */
export async function deployFeeToken(world: TaskWorld): Promise<Contract> {
  const holder = world.owner;
  const token = await world.evm.deploySource('FeeToken', FEE_TOKEN, holder.address);
  for (const { signer, address, agentId } of world.players) {
    if (address !== holder.address) await send(as(token, holder.signer), 'transfer', address, 10n ** 20n);
    await send(as(token, signer), 'approve', world.tasks.target, 2n ** 255n);
    await send(as(token, signer), 'approve', world.stakes.target, 2n ** 255n);
    await send(as(world.stakes, signer), 'deposit', token.target, agentId, 10n ** 9n);
  }
  world.tokens = [world.token, token];
  return token;
}

const FEE_TOKEN = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract FeeToken is ERC20("Fee", "FEE") {
  uint256 private fee;
  constructor(address to) { _mint(to, 1e24); }
  function setFee(uint256 value) external { fee = value; }
  function _update(address from, address to, uint256 value) internal override {
    super._update(from, to, value);
    if (from != address(0) && fee != 0 && value >= fee) super._update(to, address(1), fee);
  }
}`;
