import type {
  Address,
  Hex,
  Member,
  ReferenceState,
  RoundState,
  SettledRound,
  Settlement,
  TaskState,
  VectorCommitment,
} from '@chorus/protocol';
import { sameAddress } from '@chorus/protocol';
import { type JsonRpcProvider, type Result, toBeHex, zeroPadValue } from 'ethers';
import { decodeEvent, decodeRound, decodeSettled, decodeTask, parse, TASK_MANAGER } from './decode.ts';
import { ChainError, toChainError } from './errors.ts';
import { logsBetween } from './follow.ts';
import { pastSettlement } from './past-settlement.ts';
import { read } from './rpc.ts';

type KnownTask = TaskState & { createdBlock: number };

/** Reads of the task contract: state by calls, the past by the events between two known blocks. */
export class TaskReader {
  readonly #provider: JsonRpcProvider;
  readonly #contract: Address;
  readonly #signal: AbortSignal;

  constructor(provider: JsonRpcProvider, contract: Address, signal: AbortSignal) {
    this.#provider = provider;
    this.#contract = contract;
    this.#signal = signal;
  }

  /** Call a view of the task contract, or of `to` with another interface. */
  async view(name: string, args: unknown[], to = this.#contract, abi = TASK_MANAGER): Promise<Result> {
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
    const current = decodeRound(taskId, (await this.view('getRound', [taskId]))[0]);
    if (current?.round === number) return current;
    if (current === null || number > current.round || number < 1) {
      throw new ChainError('E_CHAIN_WRONG_PHASE', 'this round has not begun', {
        facts: { taskId, round: number, current: current?.round ?? 0 },
      });
    }
    return this.#pastRound(await this.task(taskId), number);
  }

  async members(taskId: bigint): Promise<Member[]> {
    const task = await this.task(taskId);
    const joined = await this.#endBlock(taskId, 0);
    const logs = await logsBetween(
      { provider: this.#provider, contract: this.#contract },
      task.createdBlock,
      joined || (await read('read the head', () => this.#provider.getBlockNumber(), this.#signal)),
      [TASK_MANAGER.getEvent('Joined')!.topicHash, word(taskId)],
    );
    return logs.flatMap((log) => {
      const event = decodeEvent(log);
      return event?.type === 'joined' ? [event.member] : [];
    });
  }

  async settledRound(taskId: bigint, round: number): Promise<SettledRound | null> {
    const block = await this.#endBlock(taskId, round);
    if (block === 0 || round < 1) return null;
    const logs = await logsBetween({ provider: this.#provider, contract: this.#contract }, block, block, [
      TASK_MANAGER.getEvent('RoundSettled')!.topicHash,
      word(taskId),
      word(BigInt(round)),
    ]);
    const log = logs[0];
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

  async #endBlock(taskId: bigint, round: number): Promise<number> {
    return Number((await this.view('endBlock', [taskId, round]))[0]);
  }

  /** A round that has ended, put together from its events. */
  async #pastRound(task: KnownTask, number: number): Promise<RoundState> {
    const [from, to] = await Promise.all([
      this.#endBlock(task.id, number - 1),
      this.#endBlock(task.id, number),
    ]);
    const logs = await logsBetween({ provider: this.#provider, contract: this.#contract }, from, to, [
      null,
      word(task.id),
      word(BigInt(number)),
    ]);
    const updates: (VectorCommitment | null)[] = task.trainers.map(() => null);
    const references: ReferenceState[] = task.activeValidators.map((validator) => ({
      validator,
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
    };
    for (const log of logs) {
      const event = decodeEvent(log);
      const parsed = parse(log);
      if (parsed?.name === 'AggregatorDrawn') state.drawnAggregator = Number(parsed.args.candidate);
      if (event?.type === 'phase-changed') {
        state.deadline = event.deadline;
        if (event.phase === 'settle') {
          state.settleStart = event.deadline - (task.aggregators.length + 1) * task.settleSeconds;
        }
      } else if (event?.type === 'update-committed') {
        updates[task.trainers.findIndex((t) => sameAddress(t, event.trainer))] = event.commitment;
      } else if (event?.type === 'reference-sealed') {
        const entry = references.find((r) => sameAddress(r.validator, event.validator))!;
        entry.seal = parsed!.args.seal as Hex;
      } else if (event?.type === 'reference-opened') {
        references.find((r) => sameAddress(r.validator, event.validator))!.opened = event.commitment;
      } else if (event?.type === 'round-settled') {
        state.phase = 'settled';
      }
    }
    return state;
  }
}

/** An indexed integer as a topic. */
function word(value: bigint): string {
  return zeroPadValue(toBeHex(value), 32);
}
