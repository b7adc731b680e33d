import { SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import { toBeHex, type Wallet } from 'ethers';
import { commitmentsIn, hashOf } from '../../twins/typed-data.ts';
import type { Decoded, Deployed, Log, Receipt } from './chain.ts';
import { digestOf, point, sealOf, settlement, signVerdict, type Vote } from './round.ts';
import { terms, type World } from './world.ts';

/** Creates a task and takes its members through rounds: what tests of attacks begin with. */
export class Play {
  readonly world: World;
  readonly token: Deployed;
  readonly params: Record<string, Decoded>;
  readonly owner: string;
  readonly trainers: string[];
  readonly aggregators: string[];
  readonly validators: string[];
  id = 0n;

  private constructor(world: World, options: PlayOptions) {
    const { accounts } = world.chain;
    const at = (indices: number[]): string[] => indices.map((i) => accounts[i]!);
    this.world = world;
    this.token = options.token ?? world.token;
    this.owner = accounts[0]!;
    this.validators = at(options.validators ?? [1]);
    this.trainers = at(options.trainers ?? [2, 3]);
    this.aggregators = at(options.aggregators ?? [4]);
    this.params = terms(world, {
      token: this.token.address,
      validators: this.validators,
      maxTrainers: this.trainers.length,
      minAggregators: this.aggregators.length,
      ...options.params,
    });
  }

  /** A task that no account has joined yet. */
  static async create(world: World, options: PlayOptions = {}): Promise<Play> {
    const play = new Play(world, options);
    const receipt = await world.tasks.send(play.owner, 'createTask', play.params);
    play.id = world.tasks.events(receipt).find((e) => e.name === 'TaskCreated')!.args.taskId;
    return play;
  }

  /** A task in round 1. */
  static async start(world: World, options: PlayOptions = {}): Promise<Play> {
    const play = await Play.create(world, options);
    for (const account of play.validators) await play.join(account, 2);
    for (const account of play.aggregators) {
      if (!play.trainers.includes(account)) await play.join(account, 4);
    }
    for (const account of play.trainers) await play.join(account, play.aggregators.includes(account) ? 5 : 1);
    return play;
  }

  wallet(account: string): Wallet {
    return this.world.chain.wallets[this.world.chain.accounts.indexOf(account)]!;
  }

  /** With the account's own identity, and exactly the stake it takes. */
  async join(account: string, roles: number): Promise<Receipt> {
    const { stakes, tasks, chain } = this.world;
    const agent = chain.accounts.indexOf(account);
    const { stake } = this.params;
    if (stake > 0n) await stakes.send(account, 'deposit', this.token.address, agent, stake);
    return tasks.send(account, 'join', this.id, await this.agreement(), agent, roles, '0x01', []);
  }

  async agreement(): Promise<string> {
    return (await this.task()).agreement;
  }

  round(): Promise<Decoded> {
    return this.world.tasks.read('getRound', this.id);
  }

  task(): Promise<Decoded> {
    return this.world.tasks.read('getTask', this.id);
  }

  /** The hash of the commitments of a round, by default the current one, out of its events. */
  async commitments(round?: number): Promise<string> {
    const { tasks, chain } = this.world;
    const indexed = [this.id, round ?? (await this.number())].map((value) => toBeHex(value, 32));
    const filter = { address: tasks.address, fromBlock: '0x0', topics: [null, ...indexed] };
    const logs = await chain.rpc<Log[]>('eth_getLogs', [filter]);
    const { trainers } = await this.task();
    return hashOf(commitmentsIn(tasks.decode(logs), [...trainers], this.validators));
  }

  async number(): Promise<number> {
    return Number((await this.round()).number);
  }

  async commit(account: string, k = 1): Promise<Receipt> {
    return this.world.tasks.send(
      account,
      'commitUpdate',
      this.id,
      await this.number(),
      point(k),
      digestOf(k),
    );
  }

  opening(account: string): { commitment: { x: bigint; y: bigint }; digest: string; salt: string } {
    const k = 30 + this.validators.indexOf(account);
    return { commitment: point(k), digest: digestOf(k), salt: digestOf(k + 1) };
  }

  async seal(account: string): Promise<Receipt> {
    const round = await this.number();
    const seal = sealOf(this.id, round, account, this.opening(account));
    return this.world.tasks.send(account, 'sealReference', this.id, round, seal);
  }

  async open(account: string): Promise<Receipt> {
    const { commitment, digest, salt } = this.opening(account);
    return this.world.tasks.send(
      account,
      'openReference',
      this.id,
      await this.number(),
      commitment,
      digest,
      salt,
    );
  }

  /** To the reference phase, with these trainers' commitments. */
  async toReference(trainers: readonly string[] = this.trainers): Promise<void> {
    for (const [k, trainer] of trainers.entries()) await this.commit(trainer, k + 1);
    for (const validator of this.validators) await this.seal(validator);
    if (trainers.length < this.trainers.length) await this.pass();
  }

  /** To the settle phase. */
  async toSettle(trainers: readonly string[] = this.trainers): Promise<void> {
    await this.toReference(trainers);
    for (const validator of this.validators) await this.open(validator);
  }

  /** Past the deadline of the phase, and on. */
  async pass(from: string = this.owner): Promise<Receipt> {
    const { chain, tasks } = this.world;
    await chain.jumpTo(Number((await this.round()).deadline));
    return tasks.send(from, 'advance', this.id);
  }

  /** The candidate whose window it is, `turn` windows after the first. */
  async candidate(turn = 0): Promise<string> {
    const { drawnAggregator } = await this.round();
    return this.aggregators[(Number(drawnAggregator) + turn) % this.aggregators.length]!;
  }

  /** The drawn candidate asks for verdicts, in the second half of its window. */
  async request(): Promise<Receipt> {
    const { settleStart, number } = await this.round();
    await this.world.chain.jumpTo(Number(settleStart) + 50);
    return this.world.tasks.send(await this.candidate(), 'requestVerdicts', this.id, number);
  }

  /** A settlement in which the trainers that are in share alike. */
  async settlement(parts: { unavailable?: number; rejected?: number; votes?: Vote[] } = {}): Promise<object> {
    const { unavailable = 0, rejected = 0 } = parts;
    const { updates, number } = await this.round();
    const included = updates.map(
      (u: Decoded, i: number) => u.commitment.x !== 0n && !((unavailable >> i) & 1),
    );
    const count = Math.max(1, included.filter(Boolean).length);
    const even = (whole: number): number[] =>
      included.map((is: boolean) => (is ? Math.floor(whole / count) : 0));
    const verdict = {
      taskId: this.id,
      round: Number(number),
      commitments: await this.commitments(),
      unavailable,
      rejected,
      lossBefore: 20,
      lossAfter: 10,
    };
    const votes =
      parts.votes ??
      (await Promise.all(this.validators.map((v) => signVerdict(this.world, this.wallet(v), verdict))));
    return settlement({ weights: even(WEIGHT_ONE), shares: even(SHARE_ONE), unavailable, rejected, votes });
  }

  async settle(from?: string, parts: Parameters<Play['settlement']>[0] = {}): Promise<Receipt> {
    const sender = from ?? (await this.candidate());
    return this.world.tasks.send(
      sender,
      'settle',
      this.id,
      await this.number(),
      await this.settlement(parts),
    );
  }

  /** A whole round in which everyone does its part. */
  async playRound(): Promise<Receipt> {
    await this.toSettle();
    return this.settle();
  }

  /** Through to the end without anybody's help. */
  async abandon(): Promise<void> {
    while (Number((await this.task()).status) !== 3) await this.pass();
  }

  balance(account: string): Promise<bigint> {
    return this.token.read('balanceOf', account);
  }

  claimable(account: string): Promise<bigint> {
    return this.world.tasks.read('claimable', this.token.address, account, [this.id]);
  }

  lockOf(account: string): Promise<bigint> {
    const agent = this.world.chain.accounts.indexOf(account);
    return this.world.stakes.read('lockOf', this.token.address, agent, this.id);
  }
}

export interface PlayOptions {
  /** Indices of accounts. */
  validators?: number[];
  trainers?: number[];
  aggregators?: number[];
  token?: Deployed;
  params?: Record<string, unknown>;
}
