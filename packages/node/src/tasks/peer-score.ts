import type { FollowedTask } from './followed-task.ts';

/** Of 50: members have stake behind them that they would lose, strangers have nothing. */
const MEMBER = 20;
/** Milliseconds for which who is a member is not looked up again: gossip asks for every message. */
const FRESH = 1_000;

/**
 * How peers stand with this node by what the chain says of them: the members of running tasks that it follows are
 * kept, and listened to, before others.
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
