import type { Address, Hex } from '@chorus/protocol';

/** The stages of a round, in order; each is a file of `stages/`. */
export type Stage = 'train' | 'commit' | 'reference' | 'aggregate' | 'prove' | 'settle' | 'recompute';

/** What a node reports while it works: to its log, to the process that started it, to tests. */
export type NodeEvent =
  | { type: 'ready'; address: Address; peerId: string; multiaddrs: string[] }
  | { type: 'task-refused'; taskId: bigint; reason: string }
  | { type: 'joined'; taskId: bigint }
  /** The update is on chain. */
  | { type: 'committed'; taskId: bigint; round: number }
  | { type: 'stage'; taskId: bigint; round: number; stage: Stage; seconds: number; detail?: string }
  | { type: 'progress'; taskId: bigint; round: number; stage: Stage; fraction: number }
  /** Why each trainer (in index order) got its share; from the aggregator. */
  | { type: 'scores'; taskId: bigint; round: number; reasons: string[] }
  /** An update or reference that cannot be had, or is not what its author committed to. */
  | { type: 'payload-refused'; taskId: bigint; round: number; author: Address; code: string; reason: string }
  /** The model after `round` as this node computed it; all nodes must report the same digest. */
  | { type: 'model'; taskId: bigint; round: number; digest: Hex }
  /** `modelCid`: the final model (a file of @chorus/training) on IPFS; from the requester alone. */
  | {
      type: 'task-ended';
      taskId: bigint;
      claimed: bigint;
      opensCommitment: boolean;
      modelCid: string | null;
    }
  | { type: 'warning'; code: string; message: string };

export type EventSink = (event: NodeEvent) => void;
