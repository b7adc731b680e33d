import type { VerifierOnChain } from '@chorus/chain';
import type { Address, Hex } from '@chorus/protocol';
import type { Followed } from '../status/followed.ts';
import type { StatusView } from '../status/status-view.ts';
import type { PublicationQueue } from '../tasks/publication-queue.ts';
import type { JoinOutcome } from '../tasks/task-intake.ts';

/** Running training as the admin API asks it. */
export interface AskedTraining extends Followed {
  readonly view: StatusView;
  readonly publications: PublicationQueue;
  readonly registrationUri: () => string;
  /** Aborted when the node closes. */
  readonly signal: AbortSignal;
  /** The verifier with which the chain checks the settlements of a task. */
  verifier(address: Address): Promise<VerifierOnChain>;
  /** A whole transaction as it was signed; null if the chain's endpoint does not give it. */
  rawTransaction(hash: Hex): Promise<Hex | null>;
  announcedTerms(taskId: bigint): Uint8Array | null;
  join(taskId: bigint): Promise<JoinOutcome>;
  leave(taskId: bigint): Promise<{ member: boolean; stake: bigint }>;
  refund(
    taskId: bigint,
    options: { cancel?: boolean },
  ): Promise<{ token: Address; amount: bigint; transaction: Hex }>;
  claim(token: Address): Promise<{ amount: bigint; transaction: Hex }>;
}
