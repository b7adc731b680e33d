import { refusal } from '@chorus/chain';
import type { Address, ChainEvent, EventPosition, Hex, Receipt } from '@chorus/protocol';
import { keccak256, toBeHex, zeroPadValue } from 'ethers';
import { ChannelRules } from './channels.ts';
import { checkAggregate, type SettlementCheck } from './checks.ts';
import type { KeptFeedback } from './feedback.ts';
import { GovernanceRulesTwin } from './governance.ts';
import { DisputeRules } from './job-disputes.ts';
import { JobRules } from './jobs.ts';
import { MemoryMoney } from './money.ts';
import { RevenueRules } from './revenue.ts';
import { MemoryStakes } from './stakes.ts';
import type { MemoryTask } from './task.ts';
import type { MadeTransfers } from './transfers.ts';

export interface MemoryLedgerOptions {
  chainId?: number;
  /** Unix seconds; by default the real clock. `passTime` moves it on. */
  clock?: () => number;
  /** By default only that the aggregate is the weighted sum of the commitments. */
  verify?: SettlementCheck;
  contestSeconds?: number;
  unbondSeconds?: number;
}

/** Of a seat, in the token's smallest unit; what tests deposit is more. */
export const SEAT_STAKE = 1_000_000n;

export type EventBody = ChainEvent extends infer E
  ? E extends ChainEvent
    ? Omit<E, 'position'>
    : never
  : never;
export type Emit = (event: EventBody) => void;

/** Of an agent, whether or not it exists. */
export const tillAddress = (agentId: bigint): Address =>
  `0x7111${keccak256(zeroPadValue(toBeHex(agentId), 32)).slice(2, 38)}`;

export const lower = (address: string): Address => address.toLowerCase() as Address;

/** The transaction of a block, which has one. */
export const transactionOf = (block: number): Hex => keccak256(zeroPadValue(toBeHex(block), 32)) as Hex;

/**
 * The contracts' storage in plain objects, and transactions on it; the files in this folder are their rules, each what a part
 * of the Solidity does. Several accounts share one ledger. For tests only.
 */
export class MemoryLedger {
  readonly chainId: number;
  readonly contract: Address = '0x00000000000000000000000000000000000c0de5';
  readonly stakeContract: Address = '0x0000000000000000000000000000000000057a4e';
  readonly verifier: Address = '0x00000000000000000000000000000000000e41f1';
  readonly identityContract: Address = '0x0000000000000000000000000000000000001de5';
  readonly token: Address = '0x0000000000000000000000000000000000070ce2';
  readonly treasury: Address = '0x00000000000000000000000000000000007eea51';
  readonly jobContract: Address = '0x0000000000000000000000000000000000008183';
  readonly jobEvaluator: Address = '0x000000000000000000000000000000000e0a1008';
  /** Where x402 publishes its contract: its own clients know no other. */
  readonly channelContract: Address = '0x4020074e9df2ce1dee5a9c1b5c3f541d02a10003';
  readonly depositCollector: Address = '0x00000000000000000000000000000000000de905';
  readonly events: ChainEvent[] = [];
  readonly #clock: () => number;
  readonly verify: SettlementCheck;
  governance: GovernanceRulesTwin;
  money = new MemoryMoney();
  /** Fees that were not claimed. */
  owed = new MemoryMoney();
  stakes = new MemoryStakes();
  /** Of identities, by their number. */
  owners: Address[] = [];
  /** Those identities that are of agents. */
  agents = new Map<bigint, { place: string; uri: string; wallet: Address }>();
  /** Attested rounds of identities. */
  history = new Map<bigint, { rounds: number; rewarded: number }>();
  tasks: MemoryTask[] = [];
  /** What offences cost, by task, round, account and offence. */
  slashed = new Map<string, bigint>();
  /** Whether the network has tills; those from before there were any have not. */
  hasTills = true;
  /** Tills, units and royalties. */
  revenue = new RevenueRules({
    ownerOf: (agentId) => this.owners[Number(agentId)],
    treasury: this.treasury,
    earned: (taskId, account) => this.find(taskId).accounts.get(account)?.earned ?? 0n,
    totalEarned: (taskId) =>
      [...this.find(taskId).accounts.values()].reduce((sum, { earned }) => sum + earned, 0n),
    hasEnded: (taskId) => this.find(taskId).state.status === 'ended',
  });
  /** Whether the network has contracts for jobs. */
  hasMarket = true;
  /** What the evaluator of jobs goes by: as deployments have it by default. */
  readonly market = {
    windowSeconds: 86_400,
    stepSeconds: 43_200,
    decisionSeconds: 86_400 + 5 * 43_200,
    seatStake: SEAT_STAKE,
  };
  jobs = new JobRules({
    treasury: this.treasury,
    evaluator: this.jobEvaluator,
    decisionSeconds: this.market.decisionSeconds,
    tillOf: tillAddress,
    pull: (token, from, amount) => this.money.transfer(token, from, this.jobContract, amount, 'fund a job'),
    push: (token, to, amount) => this.money.transfer(token, this.jobContract, to, amount, 'pay a job'),
  });
  disputes = new DisputeRules({
    ...this.market,
    stakeToken: this.token,
    evaluator: this.jobEvaluator,
    jobs: () => this.jobs,
    mayAct: (account, agentId) => {
      const owner = this.owners[Number(agentId)];
      if (owner === undefined) throw refusal('ERC721NonexistentToken', 'act for an identity', { agentId });
      return owner === account;
    },
    stakeOf: (agentId) => {
      const { free, locked } = this.stakes.pool(this.token, agentId);
      return free + locked;
    },
    pull: (token, from, amount) => this.money.transfer(token, from, this.jobEvaluator, amount, 'pay a bond'),
    push: (token, to, amount) => this.money.transfer(token, this.jobEvaluator, to, amount, 'pay a bond out'),
  });
  /** Whether the network has payment channels. */
  hasChannels = true;
  channels = new ChannelRules({
    push: (token, to, amount) => this.money.transfer(token, this.channelContract, to, amount, 'pay out'),
  });
  /** EIP-3009 transfers that were made. */
  transfers: MadeTransfers = new Map();
  /** Feedback on identities, in the order it was given. */
  feedback: KeptFeedback[] = [];
  readonly #waiting = new Set<() => void>();
  #offset = 0;
  block = 0;

  constructor(options: MemoryLedgerOptions = {}) {
    this.chainId = options.chainId ?? 31337;
    this.#clock = options.clock ?? (() => Math.floor(Date.now() / 1000));
    this.verify = options.verify ?? checkAggregate;
    const { contestSeconds = 3600, unbondSeconds = 2 * contestSeconds } = options;
    this.governance = new GovernanceRulesTwin({
      ...{ token: this.token, treasury: this.treasury, contestSeconds, unbondSeconds },
      balance: (account) => this.balance(this.token, account),
    });
  }

  get contestSeconds(): number {
    return this.governance.number('contest-window');
  }

  get unbondSeconds(): number {
    return this.governance.number('unbonding-period');
  }

  mint(token: Address, account: Address, amount: bigint): void {
    this.money.mint(token, account, amount);
  }

  passTime(seconds: number): void {
    this.#offset += seconds;
  }

  now(): number {
    return this.#clock() + this.#offset;
  }

  balance(token: Address, account: Address): bigint {
    return this.money.balance(token, account);
  }

  find(taskId: bigint): MemoryTask {
    const task = this.tasks[Number(taskId) - 1];
    if (!task) throw refusal('UnknownTask', 'find a task', { taskId });
    return task;
  }

  /** Position of the transaction that is being made. */
  next(): EventPosition {
    return { block: this.block + 1, transaction: transactionOf(this.block + 1) };
  }

  /** Resolves at the next event. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  /** One transaction: a block of its own, all of it or nothing. */
  async transact<T extends object>(job: (emit: Emit) => T): Promise<Receipt & T> {
    // Not within the caller's own turn, as on a real chain.
    await Promise.resolve();
    const block = this.block + 1;
    const transaction = transactionOf(block);
    const position: EventPosition = { block, transaction };
    const events: EventBody[] = [];
    const saved = {
      money: this.money.clone(),
      owed: this.owed.clone(),
      stakes: this.stakes.clone(),
      owners: [...this.owners],
      agents: structuredClone(this.agents),
      history: structuredClone(this.history),
      tasks: structuredClone(this.tasks),
      transfers: new Map(this.transfers),
      feedback: [...this.feedback],
      revenue: this.revenue.clone(),
      governance: this.governance.clone(),
      slashed: new Map(this.slashed),
      jobs: this.jobs.clone(),
      disputes: this.disputes.clone(),
      channels: this.channels.clone(),
    };
    let result: T;
    try {
      result = job((event) => events.push(event));
    } catch (error) {
      Object.assign(this, saved);
      throw error;
    }
    this.block = block;
    this.governance.checkpoint(this.now());
    for (const event of events) {
      if (event.type === 'round-settled') {
        Object.assign(this.find(event.taskId).settled.get(event.round)!, { transaction, block });
      }
      this.events.push(structuredClone({ ...event, position }) as ChainEvent);
    }
    for (const wake of [...this.#waiting]) wake();
    return { transaction, block, gasUsed: 0n, ...result };
  }
}
