import { type Address, sameAddress } from './hex.ts';
import type { TaskState } from './task.ts';
import type { Terms } from './terms.ts';
import { payloadBytes } from './update.ts';

type Roles = Pick<TaskState, 'activeValidators' | 'aggregators'>;

/**
 * Members that must check every payload of a round: the task's validators, and all candidates to aggregate. No
 * member joins a running task, so they are known before the first payload is made, and are the same in all rounds.
 */
export function checkersOf({ activeValidators, aggregators }: Roles): Address[] {
  const others = aggregators.filter((a) => !activeValidators.some((v) => sameAddress(a, v)));
  return [...activeValidators, ...others];
}

export function isChecker(task: Roles, account: Address): boolean {
  return checkersOf(task).some((checker) => sameAddress(checker, account));
}

/** `age-encryption.org/v1` and a line break. */
const VERSION_LINE = 22;
/** `-> X25519 `, the ephemeral share, and the wrapped key: two lines. */
const STANZA = 98;
/** `--- ` and the header's authentication code. */
const LAST_LINE = 48;
const NONCE = 16;
const CHUNK = 64 * 1024;
const TAG = 16;

/** Size of a file of `plain` bytes, sealed to this number of recipients: all such files have one size. */
export function sealedBytes(plain: number, recipients: number): number {
  const chunks = Math.max(1, Math.ceil(plain / CHUNK));
  return VERSION_LINE + recipients * STANZA + LAST_LINE + NONCE + plain + chunks * TAG;
}

/** Bytes of a payload as it is stored, in a task with these terms. */
export function storedPayloadBytes(
  terms: Pick<Terms, 'payloads'>,
  task: Pick<TaskState, 'dimension'> & Roles,
): number {
  const plain = payloadBytes(task.dimension);
  return terms.payloads === 'sealed' ? sealedBytes(plain, 1 + checkersOf(task).length) : plain;
}
