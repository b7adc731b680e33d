import { cidFromDigest, MAX_TERMS_BYTES, openedReferences, storedPayloadBytes } from '@chorus/protocol';
import type { FollowedTask } from '../tasks/followed-task.ts';

/**
 * Files that garbage collection must not take: terms and models of followed tasks, the payloads of their current
 * rounds, which others may still ask for, those of earlier rounds that the current one is scored by, and the last
 * aggregates, for nodes that are behind. Older files are deleted first.
 */
export function keptFiles(followed: readonly FollowedTask[]): string[] {
  return followed.flatMap(({ task, terms, context, publicCids }) => {
    if (!task) return [];
    const size = terms ? storedPayloadBytes(terms, task) : 0;
    const vectors = context && terms ? [...context.round.updates, ...openedReferences(context.round)] : [];
    return [
      cidFromDigest(task.termsDigest, MAX_TERMS_BYTES),
      ...(terms ? [terms.model] : []),
      ...publicCids,
      ...vectors.flatMap((vector) => (vector ? [cidFromDigest(vector.digest, size)] : [])),
    ];
  });
}
