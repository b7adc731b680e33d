import { type Address, type Member, type RoundState, sameAddress, type TaskState } from '@chorus/protocol';

/** A task and its current round as just read from the chain. */
export interface RoundContext {
  task: TaskState;
  round: RoundState;
  members: Member[];
}

/** The same beside any round. */
export type KnownTask = Pick<RoundContext, 'task' | 'members'>;

/** Milliseconds to wait for a model or payload that somebody should be providing. */
export function fetchTimeout(task: TaskState): number {
  return Math.min(30_000, task.settleSeconds * 250);
}

/** The same for one more look at what has been looked for before. */
export function lookAgainTimeout(task: TaskState): number {
  return Math.ceil(fetchTimeout(task) / 3);
}

/** The libp2p peer of a member, for dialling it directly. */
export function peerOf(members: Member[], address: Address): string[] {
  return members.filter((m) => sameAddress(m.address, address)).map((m) => m.peerId);
}
