import { mod } from './r1cs.ts';
import { inverse } from './solve.ts';

/**
 * Rank over the field of a sparse matrix, by elimination with the shortest row and its rarest column first (after
 * Markowitz 1957), which keeps rows sparse.
 *
 * @param rows - column -> nonzero value; consumed
 */
export function sparseRank(rows: Map<number, bigint>[], columns: number): number {
  const uses: Set<number>[] = Array.from({ length: columns }, () => new Set());
  const byLength = new Map<number, Set<number>>();
  const file = (index: number, before: number) => {
    byLength.get(before)?.delete(index);
    const length = rows[index]!.size;
    if (!byLength.has(length)) byLength.set(length, new Set());
    byLength.get(length)!.add(index);
  };
  for (const [index, row] of rows.entries()) {
    for (const column of row.keys()) uses[column]!.add(index);
    file(index, -1);
  }
  let rank = 0;
  for (;;) {
    const shortest = [...byLength]
      .filter(([length, set]) => length > 0 && set.size > 0)
      .sort(([a], [b]) => a - b)[0];
    if (shortest === undefined) return rank;
    const [pivotIndex] = shortest[1];
    const pivot = rows[pivotIndex!]!;
    const [column] = [...pivot.keys()].sort((a, b) => uses[a]!.size - uses[b]!.size);
    rank++;
    shortest[1].delete(pivotIndex!);
    for (const used of pivot.keys()) uses[used]!.delete(pivotIndex!);

    const scale = inverse(pivot.get(column!)!);
    for (const other of uses[column!]!) {
      const row = rows[other]!;
      const before = row.size;
      const factor = mod(row.get(column!)! * scale);
      for (const [k, value] of pivot) {
        const reduced = mod((row.get(k) ?? 0n) - factor * value);
        if (reduced === 0n) {
          row.delete(k);
          if (k !== column) uses[k]!.delete(other);
        } else {
          row.set(k, reduced);
          uses[k]!.add(other);
        }
      }
      file(other, before);
    }
    uses[column!]!.clear();
  }
}
