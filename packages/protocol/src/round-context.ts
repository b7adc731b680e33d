import { type Address, sameAddress } from './hex.ts';
import type { RoundState } from './round.ts';
import type { Member, TaskState } from './task.ts';

/** A task and its current round, as just read from the chain. */
export interface RoundContext {
  task: TaskState;
  round: RoundState;
  members: Member[];
}

/** The task and its members, independent of a round. */
export type KnownTask = Pick<RoundContext, 'task' | 'members'>;

/** Time limit for fetching a model or payload that a member should provide, ms. */
export function fetchTimeout(task: TaskState): number {
  return Math.min(30_000, task.settleSeconds * 250);
}

/** Slowest connection over which models are fetched. */
const MODEL_BYTES_PER_SECOND = 256 * 1024;

/** Time limit for fetching a task's model of this size, ms: large ones take longer than payloads. */
export function modelTimeout(task: TaskState, modelBytes: number): number {
  return fetchTimeout(task) + Math.ceil((1000 * modelBytes) / MODEL_BYTES_PER_SECOND);
}

/** Shorter time limit for retrying a failed fetch, ms. */
export function lookAgainTimeout(task: TaskState): number {
  return Math.ceil(fetchTimeout(task) / 3);
}

/** The libp2p peer of a member, for dialling it directly. */
export function peerOf(members: Member[], address: Address): string[] {
  return members.filter((m) => sameAddress(m.address, address)).map((m) => m.peerId);
}
