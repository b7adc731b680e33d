import type { FollowedTask } from './followed-task.ts';

/** Score of a member, of 50: members have stake to lose, strangers have none. */
const MEMBER = 20;
/** How long the membership of a peer is cached, ms: gossip asks for every message. */
const FRESH = 1_000;

/**
 * Score of a peer from the chain's records: the node prefers members of running tasks that it follows, for
 * connections and messages.
 */
export function peerScore(followed: () => readonly FollowedTask[]): (peerId: string) => number {
  let members = new Set<string>();
  let at = Number.NEGATIVE_INFINITY;
  return (peerId) => {
    if (Date.now() - at > FRESH) {
      at = Date.now();
      const running = followed().filter(({ task }) => task?.status === 'running');
      members = new Set(running.flatMap(({ context }) => context?.members.map((m) => m.peerId) ?? []));
    }
    return members.has(peerId) ? MEMBER : 0;
  };
}
