import type { Notice, Status } from '@chorus/admin-api';
import type { ChainPort } from '@chorus/protocol';
import type { NodeSource } from '../admin/host-areas/node.ts';
import type { EventHub } from '../events/event-hub.ts';
import { didOfPeerId } from '../identity/did.ts';
import type { Service } from '../service/service.ts';
import { lagSeconds } from '../status/chain-watch.ts';
import type { HostInfo } from '../status/host-info.ts';
import type { ObservedNode } from '../status/node-conditions.ts';
import type { AttachedNode } from './attached-node.ts';

export interface StatusParts {
  attached: AttachedNode;
  hub: EventHub;
  machine: HostInfo;
  version: string;
  dataDir: string;
  services: () => readonly Service[];
}

/** What the node is and does, on one screen: the host's part, and those of its services. */
export function statusSource({
  attached,
  hub,
  machine,
  version,
  dataDir,
  services,
}: StatusParts): Pick<NodeSource, 'status'> {
  return {
    async status(): Promise<Status> {
      const { node, conditions, gatewayUrl } = attached.running();
      const { chain, network } = node.ports;
      const [head, holding, own] = await Promise.all([
        conditions.chain.view(),
        conditions.warnings(),
        Promise.all(services().map((service) => service.status?.())),
      ]);
      const paused = pausesOf(node);
      const details = attached.network();
      const bytes = details?.traffic();
      const memory = process.memoryUsage();
      // Services add to what is said of the node, such as its roles.
      const parts = Object.assign({}, ...own) as Partial<Status>;
      return {
        ...parts,
        time: new Date().toISOString(),
        state: attached.phase === 'ready' && paused.length > 0 ? 'paused' : attached.phase,
        paused,
        node: {
          version,
          protocol: 'chorus/1',
          runtime: process.version,
          platform: `${process.platform}-${process.arch}`,
          pid: process.pid,
          startedAt: hub.startedAt.toISOString(),
          uptimeSeconds: Math.round((Date.now() - hub.startedAt.getTime()) / 1000),
          dataFolder: dataDir,
          ...parts.node,
        },
        identity: { peerId: network.peerId, did: didOrNull(network.peerId), wallet: chain.account },
        network: {
          peers: network.peers().length,
          addresses: network.multiaddrs(),
          gateway: gatewayUrl(),
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
        resources: {
          cpuPercent: machine.cpuPercent,
          rssBytes: node.resources.rssBytes(),
          heapBytes: memory.heapUsed,
          eventLoopLagMs: machine.lagMs,
          disk: {
            usedBytes: node.resources.disk.usedBytes,
            freeBytes: node.resources.disk.freeBytes,
          },
        },
        warnings: [
          ...holding,
          // Conditions that still hold are listed above, with the time of their last check.
          ...hub.warnings.list(),
        ].filter(({ code }, i, all) => all.findIndex((other) => other.code === code) === i),
      } as Status;
    },
  };
}

const pausesOf = (node: ObservedNode): Notice[] =>
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
