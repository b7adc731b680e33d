// Disputes about the availability of a payload, and the stake locked until they are resolved.

import { refusal } from '@chorus/chain';
import { type Address, type AvailableVote, hasDeparted } from '@chorus/protocol';
import type { Emit, MemoryLedger } from './ledger.ts';
import { slash } from './slashing.ts';
import type { MemoryTask } from './task.ts';
import { checkVote } from './votes.ts';

export function publishPayload(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  account: Address,
  payload: Uint8Array,
  emit: Emit,
): void {
  const action = 'publish a payload';
  const task = ledger.find(taskId);
  const trainer = task.state.trainers.indexOf(account);
  openCase(ledger, task, number, trainer, action);
  task.published.set(`${number}/${account}`, payload.slice());
  emit({ type: 'payload-published', taskId, round: number, trainer: account });
}

export function contest(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  trainer: number,
  votes: AvailableVote[],
  emit: Emit,
): void {
  const action = 'contest a case';
  const task = ledger.find(taskId);
  const { state } = task;
  const open = openCase(ledger, task, number, trainer, action);
  const seen = new Set<Address>();
  for (const vote of votes) checkVote(ledger, task, number, { trainer }, vote, seen, action);
  const added = [...seen].map((v) => state.validators.indexOf(v));
  const available = [...new Set([...open.available, ...added])].sort((a, b) => a - b);
  if (2 * available.length <= state.activeValidators.length) throw refusal('NotEnoughVotes', action);
  if (available.length === open.available.length) throw refusal('AlreadyPosted', action);
  const first = open.available.length === 0;
  open.available = available;
  if (open.accusers.every((index) => available.includes(index))) {
    resolve(task, number, trainer, true, emit);
    return;
  }
  if (first) open.deadline += state.contestSeconds;
  const { deadline } = open;
  const account = state.trainers[trainer]!;
  emit({ type: 'case-contested', taskId, round: number, trainer: account, available, deadline });
}

export function resolveCase(
  ledger: MemoryLedger,
  taskId: bigint,
  number: number,
  trainer: number,
  account: Address,
  emit: Emit,
): void {
  const action = 'resolve a case';
  const task = ledger.find(taskId);
  const open = task.cases.get(`${number}/${trainer}`);
  if (!open) throw refusal('NoCase', action);
  if (open.resolved) throw refusal('CaseClosed', action);
  if (ledger.now() < open.deadline) throw refusal('DeadlineNotPassed', action);
  const won = open.available.length > 0;
  resolve(task, number, trainer, won, emit);
  if (!won) {
    slash(ledger, task, number, task.state.trainers[trainer]!, 'unavailable', account, emit);
    return;
  }
  for (const index of open.accusers.filter((i) => !open.available.includes(i))) {
    slash(ledger, task, number, task.state.validators[index]!, 'false-verdict', account, emit);
  }
}

export function releaseStake(ledger: MemoryLedger, taskId: bigint, account: Address, emit: Emit): void {
  const action = 'release a stake';
  const task = ledger.find(taskId);
  const { state, accounts, cases } = task;
  const member = accounts.get(account);
  if (!member) throw refusal('NotAMember', action);
  if (state.status !== 'ended' && !hasDeparted(state, account)) throw refusal('TaskNotEnded', action);
  if (member.released) throw refusal('AlreadyReleased', action);
  const accused = [...cases].some(
    ([key, open]) => !open.resolved && state.trainers[Number(key.split('/')[1])] === account,
  );
  const accuses = [...cases.values()].some(
    (open) => !open.resolved && open.accusers.includes(state.validators.indexOf(account)),
  );
  if (accused || accuses) {
    throw refusal('CaseOpen', action);
  }
  member.released = true;
  ledger.stakes.unlock(state.token, member.agentId, taskId);
  emit({ type: 'stake-released', taskId, member: account });
}

function openCase(ledger: MemoryLedger, task: MemoryTask, number: number, trainer: number, action: string) {
  const open = task.cases.get(`${number}/${trainer}`);
  if (!open) throw refusal('NoCase', action);
  if (open.resolved) throw refusal('CaseClosed', action);
  if (ledger.now() >= open.deadline) throw refusal('DeadlinePassed', action);
  return open;
}

function resolve(task: MemoryTask, number: number, trainer: number, available: boolean, emit: Emit): void {
  const { state } = task;
  task.cases.get(`${number}/${trainer}`)!.resolved = true;
  state.openCases--;
  const account = state.trainers[trainer]!;
  emit({ type: 'case-resolved', taskId: state.id, round: number, trainer: account, available });
}
