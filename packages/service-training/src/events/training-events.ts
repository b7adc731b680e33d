import type { HostEvent } from '@chorus/node';
import type { Address, Explanation, Hex } from '@chorus/protocol';

/** The stages of a round, in order; each is a file of `stages/`. */
export type Stage = 'train' | 'commit' | 'reference' | 'aggregate' | 'prove' | 'settle' | 'recompute';

/** What training reports. The names are older than services: they do not begin with the service's. */
export type TrainingEvent =
  /** The reason: the first obstacle. */
  | ({ type: 'task-refused'; taskId: bigint } & Explanation)
  | { type: 'joined'; taskId: bigint }
  /** This node's own task; `publication` is the id of the request. */
  | { type: 'publishing'; publication: string; step: 'check' | 'escrow' }
  | { type: 'published'; publication: string; taskId: bigint }
  /** Nothing was escrowed. */
  | ({ type: 'publication-failed'; publication: string } & Explanation)
  /**
   * A task of this node's own that it cannot follow, so that no node can: ended on chain before it began.
   * `refunded`: of the budget, in the token's smallest unit. `decimals`: of that token; null if the chain did not say.
   */
  | ({ type: 'task-cancelled'; taskId: bigint; refunded: bigint; decimals: number | null } & Explanation)
  /** No more work is done for it, by the contributor's wish. */
  | { type: 'left'; taskId: bigint }
  /** The update is on chain. */
  | { type: 'committed'; taskId: bigint; round: number }
  | { type: 'stage-started'; taskId: bigint; round: number; stage: Stage }
  | { type: 'stage'; taskId: bigint; round: number; stage: Stage; seconds: number; detail?: string }
  | { type: 'progress'; taskId: bigint; round: number; stage: Stage; fraction: number }
  /** Why each trainer (in index order) got its share; reported by the aggregator. */
  | { type: 'scores'; taskId: bigint; round: number; reasons: string[] }
  /** An update or reference is not available, or does not match its commitment. */
  | ({ type: 'payload-refused'; taskId: bigint; round: number; author: Address } & Explanation)
  /** The model after `round` as this node computed it; all nodes must report the same digest. */
  | { type: 'model'; taskId: bigint; round: number; digest: Hex }
  /** The result of a finished round for this account; amounts in the token's smallest unit. */
  | {
      type: 'round-ended';
      taskId: bigint;
      round: number;
      outcome: 'settled' | 'void';
      token: Address;
      /** Of the token; null if the chain did not say. */
      decimals: number | null;
      /** Null where this account does not train the task. */
      weight: number | null;
      share: number | null;
      reward: bigint;
      fee: bigint;
      reason: string;
    }
  /** `modelCid`: the final model (a file of @chorus/training) on IPFS; only reported by the requester. */
  | {
      type: 'task-ended';
      taskId: bigint;
      /**
       * Amount paid out at its end, without earlier payouts and without those that a crash of an earlier run left
       * uncounted.
       */
      claimed: bigint;
      /** Of the task's token; null if the chain did not say. */
      decimals: number | null;
      opensCommitment: boolean;
      modelCid: string | null;
      /** The node had left the task, so it has no model to report. */
      left?: true;
    };

/** A warning about one task: the host's, with the task's number for streams that follow it. */
export type TaskWarning = { type: 'warning'; subject: string; taskId: bigint } & Explanation;

/** What a node with the training service reports. */
export type NodeEvent = HostEvent | TaskWarning | TrainingEvent;

export type EventSink = (event: NodeEvent) => void;
