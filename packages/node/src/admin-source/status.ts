import type { Notice, Status } from '@chorus/admin-api';
import { withDecimals } from '@chorus/chain';
import type { ChainPort } from '@chorus/protocol';
import { modelMemory } from '@chorus/training';
import type { NodeSource } from '../admin/host-areas/node.ts';
import { didOfPeerId } from '../identity/did.ts';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import { lagSeconds } from '../status/chain-watch.ts';
import type { HostInfo } from '../status/host-info.ts';
import { limitsView } from '../status/limits-view.ts';
import type { NodeObserver } from '../status/node-observer.ts';
import { privacyView } from '../status/privacy-view.ts';
import { type NodeConfig, trainingSettings } from '../training-config/settings.ts';
import type { AttachedNode } from './attached-node.ts';
import { claimableAmounts, roundSummaries, taskSummaries } from './summaries.ts';

/** Rounds on the status screen. */
const STATUS_ROUNDS = 10;

export interface StatusOptions {
  config: NodeConfig;
  version: string;
  machine: HostInfo;
}

/** What the node is and does, on one screen. */
export function statusSource(
  attached: AttachedNode,
  observer: NodeObserver,
  { config, version, machine }: StatusOptions,
): Pick<NodeSource, 'status'> {
  return {
    async status(): Promise<Status> {
      const running = attached.running();
      const { node, conditions, money } = running;
      const { chain, network } = node.ports;
      const [head, holding, claimable, tasks, rounds, earned, staked] = await Promise.all([
        conditions.chain.view(),
        conditions.warnings(),
        claimableAmounts(running).catch(() => []),
        taskSummaries(node, observer),
        roundSummaries(node, observer, { limit: STATUS_ROUNDS }),
        withDecimals(chain, money.earned()),
        withDecimals(chain, money.staked()),
      ]);
      const paused = pausesOf(node);
      const details = attached.network();
      const bytes = details?.traffic();
      const memory = process.memoryUsage();
      return {
        time: new Date().toISOString(),
        state: attached.phase === 'ready' && paused.length > 0 ? 'paused' : attached.phase,
        paused,
        node: {
          version,
          protocol: 'chorus/1',
          runtime: process.version,
          platform: `${process.platform}-${process.arch}`,
          pid: process.pid,
          startedAt: observer.startedAt.toISOString(),
          uptimeSeconds: Math.round((Date.now() - observer.startedAt.getTime()) / 1000),
          roles: config.training.roles,
          dataFolder: config.dataDir,
        },
        identity: { peerId: network.peerId, did: didOrNull(network.peerId), wallet: chain.account },
        network: {
          peers: network.peers().length,
          addresses: network.multiaddrs(),
          bans: details?.bans().length ?? 0,
          bytesIn: bytes?.in ?? null,
          bytesOut: bytes?.out ?? null,
        },
        chain: {
          id: chain.chainId,
          contract: chain.contract,
          reachable: head.reachable,
          height: head.height,
          blockTime: head.time === null ? null : new Date(1000 * head.time).toISOString(),
          lagSeconds: lagSeconds(head),
          gasBalance: head.gasBalance?.toString() ?? null,
          requests: requestsOf(chain),
        },
        tasks,
        refused: observer.activities.refusals(),
        rounds,
        earned,
        claimable,
        staked,
        resources: {
          cpuPercent: machine.cpuPercent,
          rssBytes: memory.rss + modelMemory(),
          heapBytes: memory.heapUsed,
          eventLoopLagMs: machine.lagMs,
          disk: { usedBytes: node.resources.disk.usedBytes, freeBytes: node.resources.disk.freeBytes },
        },
        limits: limitsView(trainingSettings(config), node.resources),
        privacy: privacyView(config.training.privacy, node.journal),
        warnings: [
          ...holding,
          // Conditions that still hold are listed above, with the time of their last check.
          ...observer.warnings.list(),
        ].filter(({ code }, i, all) => all.findIndex((other) => other.code === code) === i),
      };
    },
  };
}

const pausesOf = (node: ChorusNode): Notice[] =>
  node.resources.pauses().map(({ code, reason, change }) => ({ code, message: reason, hint: change }));

function requestsOf(chain: ChainPort): Status['chain']['requests'] {
  const use = chain.requests?.();
  if (!use) return null;
  const { pausedUntil, ...counts } = use;
  return { ...counts, pausedUntil: pausedUntil === null ? null : new Date(pausedUntil).toISOString() };
}

function didOrNull(peerId: string): string | null {
  try {
    return didOfPeerId(peerId);
  } catch {
    return null;
  }
}
