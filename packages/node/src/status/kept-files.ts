import { cidFromDigest, MAX_TERMS_BYTES, openedReferences, payloadBytes } from '@chorus/protocol';
import type { FollowedTask } from '../followed-task.ts';

/**
 * Files that garbage collection must not take: terms and models of followed tasks, the payloads of their current
 * rounds, which others may still ask for, and those of earlier rounds that the current one is scored by. Older payloads are of use to nodes that are behind, and go first.
 */
export function keptFiles(followed: readonly FollowedTask[]): string[] {
  return followed.flatMap(({ task, terms, context, publicCids }) => {
    if (!task) return [];
    const size = payloadBytes(task.dimension);
    const vectors = context ? [...context.round.updates, ...openedReferences(context.round)] : [];
    return [
      cidFromDigest(task.termsDigest, MAX_TERMS_BYTES),
      ...(terms ? [terms.model] : []),
      ...publicCids,
      ...vectors.flatMap((vector) => (vector ? [cidFromDigest(vector.digest, size)] : [])),
    ];
  });
}
