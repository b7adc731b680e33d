import type { Hex } from '@chorus/protocol';
import type { NodeEvent, Stage } from '@chorus/service-training';
import type { RoundSeconds } from './report.ts';

interface RoundEntry {
  startedAt: number | null;
  settledAt: number | null;
  /** Longest time each stage took on any node, and per node. */
  stages: Map<string, Map<Stage, number>>;
  digests: Map<string, Hex>;
  reasons: string[];
  evaluation: Promise<{ loss: number; accuracy: number }> | null;
}

/** Collects what the nodes' processes report, by round. */
export class RoundLog {
  readonly #rounds = new Map<number, RoundEntry>();

  entry(round: number): RoundEntry {
    let entry = this.#rounds.get(round);
    if (!entry) {
      entry = {
        startedAt: null,
        settledAt: null,
        stages: new Map(),
        digests: new Map(),
        reasons: [],
        evaluation: null,
      };
      this.#rounds.set(round, entry);
    }
    return entry;
  }

  record(node: string, event: NodeEvent): void {
    if (event.type === 'stage') {
      const entry = this.entry(event.round);
      const stages = entry.stages.get(node) ?? new Map<Stage, number>();
      stages.set(event.stage, (stages.get(event.stage) ?? 0) + event.seconds);
      entry.stages.set(node, stages);
    } else if (event.type === 'model') {
      this.entry(event.round).digests.set(node, event.digest);
    } else if (event.type === 'scores') {
      this.entry(event.round).reasons = event.reasons;
    }
  }

  /** How many nodes report the most common model digest, of how many. */
  agreement(round: number): { same: number; of: number } {
    const digests = [...this.entry(round).digests.values()];
    const counts = new Map<Hex, number>();
    for (const digest of digests) counts.set(digest, (counts.get(digest) ?? 0) + 1);
    return { same: Math.max(0, ...counts.values()), of: digests.length };
  }

  seconds(round: number): RoundSeconds {
    const entry = this.entry(round);
    const nodes = [...entry.stages.values()];
    const slowest = (...stages: Stage[]) =>
      Math.max(0, ...nodes.map((node) => stages.reduce((sum, stage) => sum + (node.get(stage) ?? 0), 0)));
    const total =
      entry.startedAt !== null && entry.settledAt !== null ? (entry.settledAt - entry.startedAt) / 1000 : 0;
    const prove = slowest('prove');
    // A validator's reference is training on validation data; both happen while updates are open.
    const working = slowest('train', 'reference', 'commit');
    return {
      total: round3(total),
      train: round3(Math.max(slowest('train'), slowest('reference'))),
      commit: round3(slowest('commit')),
      aggregate: round3(slowest('aggregate')),
      prove: round3(prove),
      settle: round3(slowest('settle')),
      recompute: round3(slowest('recompute')),
      overhead: round3(Math.max(0, total - working - prove)),
    };
  }
}

function round3(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
