import {
  type Address,
  type Hex,
  type Member,
  type MemberAccount,
  type ReferenceState,
  type RoundRecord,
  type RoundState,
  type RoundVerdict,
  type SettledRound,
  type Settlement,
  sameAddress,
  type TaskState,
  type UnavailabilityCase,
  type VectorCommitment,
  type VerdictVote,
} from '@chorus/protocol';
import { type Interface, type JsonRpcProvider, type Result, toBeHex, zeroPadValue } from 'ethers';
import { TASK_MANAGER } from '../abi/abis.ts';
import {
  appointmentOf,
  decodeCase,
  decodeEvent,
  decodeMember,
  decodeRecord,
  decodeRound,
  decodeSettled,
  decodeTask,
  parse,
} from '../abi/decode.ts';
import { ChainError, toChainError } from '../errors/errors.ts';
import type { LogSource } from '../events/logs.ts';
import type { IndexedLog } from '../events/store.ts';
import { read } from '../rpc/rpc.ts';
import { pastPayload, pastSettlement } from './calldata-history.ts';

type KnownTask = TaskState & { createdBlock: number };

/** Blocks searched at once for an event of which only the deadline is known. */
const SEARCH_BLOCKS = 2_000;

/** Reads of the task contract: state by calls, the past by the events between two known blocks. */
export class TaskReader {
  readonly #provider: JsonRpcProvider;
  readonly #contract: Address;
  readonly #logs: LogSource;
  readonly #signal: AbortSignal;

  constructor(provider: JsonRpcProvider, contract: Address, logs: LogSource, signal: AbortSignal) {
    this.#provider = provider;
    this.#contract = contract;
    this.#logs = logs;
    this.#signal = signal;
  }

  /** Call a view of the task contract, or of `to` with another interface. */
  async view(
    name: string,
    args: unknown[],
    to = this.#contract,
    abi: Interface = TASK_MANAGER,
  ): Promise<Result> {
    const data = abi.encodeFunctionData(name, args);
    const action = `read ${name}`;
    const result = await read(action, () => this.#provider.call({ to, data }), this.#signal);
    try {
      return abi.decodeFunctionResult(name, result);
    } catch (error) {
      throw toChainError(error, action);
    }
  }

  async task(taskId: bigint): Promise<KnownTask> {
    return decodeTask(taskId, (await this.view('getTask', [taskId]))[0]);
  }

  async round(taskId: bigint, number: number): Promise<RoundState> {
    const [task, view] = await Promise.all([this.task(taskId), this.view('getRound', [taskId])]);
    const current = decodeRound(task, view[0]);
    if (current?.round === number) return current;
    if (current === null || number > current.round || number < 1) {
      throw new ChainError('E_CHAIN_WRONG_PHASE', 'this round has not begun', {
        facts: { taskId, round: number, current: current?.round ?? 0 },
        hint: 'rounds count from 1; the task says which one is current',
      });
    }
    return this.#pastRound(task, number);
  }

  async members(taskId: bigint): Promise<Member[]> {
    const task = await this.task(taskId);
    const joined = await this.#endBlock(taskId, 0);
    const logs = await this.#events('Joined', task.createdBlock, joined || (await this.#height()), [
      word(taskId),
    ]);
    return logs.flatMap((log) => {
      const event = decodeEvent(log);
      return event?.type === 'joined' ? [event.member] : [];
    });
  }

  async memberAccount(taskId: bigint, account: Address): Promise<MemberAccount | null> {
    return decodeMember((await this.view('getMember', [taskId, account]))[0]);
  }

  async roundRecord(taskId: bigint, round: number): Promise<RoundRecord | null> {
    const [task, view] = await Promise.all([this.task(taskId), this.view('getRecord', [taskId, round])]);
    return decodeRecord(view[0], task.trainers.length);
  }

  async unavailabilityCase(
    taskId: bigint,
    round: number,
    trainer: number,
  ): Promise<UnavailabilityCase | null> {
    return decodeCase((await this.view('getCase', [taskId, round, trainer]))[0]);
  }

  async settledRound(taskId: bigint, round: number): Promise<SettledRound | null> {
    if (round < 1) return null;
    const block = await this.#endBlock(taskId, round);
    if (block === 0) return null;
    const [log] = await this.#events('RoundSettled', block, block, [word(taskId), word(BigInt(round))]);
    if (log === undefined) return null;
    const hash = log.transactionHash;
    const receipt = await read(
      'read a receipt',
      () => this.#provider.getTransactionReceipt(hash),
      this.#signal,
    );
    return decodeSettled(log, receipt?.gasUsed ?? 0n);
  }

  async settlement(taskId: bigint, round: number): Promise<Settlement | null> {
    const settled = await this.settledRound(taskId, round);
    return settled && pastSettlement(this.#provider, this.#contract, settled, this.#signal);
  }

  async postedVerdicts(
    taskId: bigint,
    round: number,
  ): Promise<{ verdict: RoundVerdict; vote: VerdictVote }[]> {
    const [from, to] = await this.#blocksOf(taskId, round);
    const logs = await this.#events('VerdictPosted', from, to, [word(taskId), word(BigInt(round))]);
    return logs.flatMap((log) => {
      const event = decodeEvent(log);
      return event?.type === 'verdict-posted' ? [{ verdict: event.verdict, vote: event.vote }] : [];
    });
  }

  /** Payloads are published between the round's settlement and the deadline of the case: search only there. */
  async publishedPayload(taskId: bigint, round: number, trainer: Address): Promise<Uint8Array | null> {
    const task = await this.task(taskId);
    const index = task.trainers.findIndex((account) => sameAddress(account, trainer));
    const accused = index < 0 ? null : await this.unavailabilityCase(taskId, round, index);
    if (accused === null) return null;
    const height = await this.#height();
    const topics = [word(taskId), word(BigInt(round)), zeroPadValue(trainer, 32)];
    for (let from = await this.#endBlock(taskId, round); from <= height; from += SEARCH_BLOCKS) {
      const block = await read('read a block', () => this.#provider.getBlock(from), this.#signal);
      if (block !== null && block.timestamp > accused.deadline) return null;
      const to = Math.min(height, from + SEARCH_BLOCKS - 1);
      const [log] = await this.#events('PayloadPublished', from, to, topics);
      if (log) return pastPayload(this.#provider, this.#contract, { taskId, round }, log, this.#signal);
    }
    return null;
  }

  async #height(): Promise<number> {
    return read('read the head', () => this.#provider.getBlockNumber(), this.#signal);
  }

  async #endBlock(taskId: bigint, round: number): Promise<number> {
    return Number((await this.view('endBlock', [taskId, round]))[0]);
  }

  /** The blocks in which a round began and ended (for the current one: the head). */
  async #blocksOf(taskId: bigint, round: number): Promise<[number, number]> {
    const [from, to] = await Promise.all([this.#endBlock(taskId, round - 1), this.#endBlock(taskId, round)]);
    if (from === 0) {
      throw new ChainError('E_CHAIN_WRONG_PHASE', 'this round has not begun', { facts: { taskId, round } });
    }
    return [from, to || (await this.#height())];
  }

  #events(name: string | null, from: number, to: number, indexed: (string | null)[]): Promise<IndexedLog[]> {
    const topic = name === null ? null : TASK_MANAGER.getEvent(name)!.topicHash;
    return this.#logs.between({ addresses: [this.#contract], from, to, topics: [topic, ...indexed] });
  }

  /** A round that has ended, rebuilt from its events. */
  async #pastRound(task: KnownTask, number: number): Promise<RoundState> {
    const [from, to] = await this.#blocksOf(task.id, number);
    const logs = await this.#events(null, from, to, [word(task.id), word(BigInt(number))]);
    const updates: (VectorCommitment | null)[] = task.trainers.map(() => null);
    const references: ReferenceState[] = task.activeValidators.map((validator) => ({
      validator,
      index: appointmentOf(task, validator),
      seal: null,
      opened: null,
    }));
    const state: RoundState = {
      taskId: task.id,
      round: number,
      phase: 'void',
      deadline: 0,
      settleStart: 0,
      updates,
      references,
      drawnAggregator: 0,
      verdictsRequested: false,
      verdictsPosted: [],
    };
    for (const log of logs) replay(task, state, log);
    const began = logs.find((log) => parse(log)?.name === 'AggregatorDrawn')?.blockNumber;
    if (began !== undefined) state.settleStart = await this.#timeOf(began);
    return state;
  }

  async #timeOf(block: number): Promise<number> {
    const found = await read('read a block', () => this.#provider.getBlock(block), this.#signal);
    return found?.timestamp ?? 0;
  }
}

/** Applies an event to the state of its round. */
function replay(task: TaskState, state: RoundState, log: IndexedLog): void {
  const parsed = parse(log);
  if (parsed?.name === 'AggregatorDrawn') state.drawnAggregator = Number(parsed.args.candidate);
  const event = decodeEvent(log);
  switch (event?.type) {
    case 'phase-changed':
      state.deadline = event.deadline;
      break;
    case 'update-committed':
      state.updates[task.trainers.findIndex((t) => sameAddress(t, event.trainer))] = event.commitment;
      break;
    case 'reference-sealed': {
      const entry = state.references.find((r) => sameAddress(r.validator, event.validator))!;
      entry.seal = parsed!.args.seal as Hex;
      break;
    }
    case 'reference-opened':
      state.references.find((r) => sameAddress(r.validator, event.validator))!.opened = event.commitment;
      break;
    case 'verdicts-requested':
      state.verdictsRequested = true;
      break;
    case 'verdict-posted':
      state.verdictsPosted.push(appointmentOf(task, event.vote.validator));
      state.verdictsPosted.sort((a, b) => a - b);
      break;
    case 'round-settled':
      state.phase = 'settled';
      break;
  }
}

/** An indexed integer as a topic. */
function word(value: bigint): string {
  return zeroPadValue(toBeHex(value), 32);
}
