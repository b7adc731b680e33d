/** Occurrences by area and phrase. */
export type Counts = Record<string, Record<string, number>>;

/** Occurrences by phrase, over all areas. */
export function totals(counts: Counts): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const area of Object.values(counts)) {
    for (const [phrase, count] of Object.entries(area)) sums[phrase] = (sums[phrase] ?? 0) + count;
  }
  return sums;
}

/** Where there are more than the ceiling allows; an area or phrase that it does not name may have none. */
export function exceeded(
  ceiling: Counts,
  counts: Counts,
): { area: string; phrase: string; count: number; allowed: number }[] {
  return Object.entries(counts).flatMap(([area, phrases]) =>
    Object.entries(phrases)
      .map(([phrase, count]) => ({ area, phrase, count, allowed: ceiling[area]?.[phrase] ?? 0 }))
      .filter(({ count, allowed }) => count > allowed),
  );
}

/**
 * The next ceiling: today's counts, areas and phrases in order.
 * @throws Error if a phrase occurs more often, over all areas, than the ceiling allows
 */
export function lower(ceiling: Counts, counts: Counts): Counts {
  const before = totals(ceiling);
  for (const [phrase, count] of Object.entries(totals(counts))) {
    if (count > (before[phrase] ?? 0)) {
      throw new Error(`"${phrase}" occurs ${count} times, more than the ${before[phrase] ?? 0} allowed`);
    }
  }
  const sorted = <T>(record: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(Object.fromEntries(Object.entries(counts).map(([area, phrases]) => [area, sorted(phrases)])));
}
