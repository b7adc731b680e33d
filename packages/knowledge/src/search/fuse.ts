/** Of reciprocal rank fusion: how much the first ranks count more than the later ones (Cormack et al. 2009). */
const K = 60;

/** Merges rankings: each gives 1 / (60 + rank) to what it lists. Ties keep the order of the first ranking. */
export function fuse(rankings: readonly (readonly number[])[], most: number): number[] {
  const scores = new Map<number, number>();
  for (const ranking of rankings) {
    for (const [rank, id] of ranking.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (K + rank + 1));
  }
  return [...scores]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([id]) => id);
}
