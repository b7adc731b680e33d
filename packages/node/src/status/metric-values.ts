import type { NetworkStats } from '@chorus/network';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import type { MetricValues } from '../metrics/metrics.ts';
import { withDecimals } from '../utils/token-decimals.ts';
import { type ChainView, lagSeconds } from './chain-watch.ts';
import type { TokenUnits } from './money-view.ts';

export interface MetricSource {
  node: ChorusNode;
  head: ChainView;
  /** Null if the network has no details. */
  details: NetworkStats | null;
  staked: TokenUnits[];
  claimable: TokenUnits[];
}

/** What the metrics show of a node's state now. */
export async function metricValues({
  node,
  head,
  details,
  staked,
  claimable,
}: MetricSource): Promise<MetricValues> {
  const followed = node.followed();
  const statuses = followed.map(({ task }) => task?.status ?? 'unknown');
  const amounts = (rows: TokenUnits[]) =>
    rows.map(({ token, amount }) => ({ token, amount: Number(amount) }));
  const earned = node.journal.totals();
  const tokens = new Set([...earned, ...claimable, ...staked].map(({ token }) => token));
  const decimals = await withDecimals(
    node.ports.chain,
    Array.from(tokens, (token) => ({ token })),
  );
  return {
    peers: node.ports.network.peers().length,
    banned: details?.bans.length ?? 0,
    gossip: (details?.topics ?? []).flatMap(({ topic, accepted, ignored, rejected, published }) =>
      Object.entries({ accepted, ignored, rejected, published }).map(([verdict, count]) => ({
        // Only the kind: the rest of the name is the same for all.
        topic: topic.split('/').at(-1) ?? topic,
        verdict,
        count,
      })),
    ),
    bytes: details?.bytes ?? null,
    requests: Object.entries(details?.requests ?? {}).map(([outcome, count]) => ({ outcome, count })),
    queue: followed.reduce((sum, { active, waiting }) => sum + active.length + waiting, 0),
    tasks: [...new Set(statuses)].map((status) => ({
      status,
      count: statuses.filter((s) => s === status).length,
    })),
    chain: { height: head.height, lagSeconds: lagSeconds(head) },
    earned: earned.flatMap(({ token, rewards, fees }) => [
      { token, kind: 'reward' as const, amount: Number(rewards) },
      { token, kind: 'fee' as const, amount: Number(fees) },
    ]),
    claimable: amounts(claimable),
    staked: amounts(staked),
    decimals: decimals.flatMap(({ token, decimals }) => (decimals === null ? [] : [{ token, decimals }])),
    diskBytes: node.resources.disk.usedBytes,
    paused: node.resources.pauses().length > 0,
  };
}
