/** More edits than this are another word. */
const MOST_EDITS = 2;

/** The word of a list that a mistyped one most probably is; undefined if none is near. */
export function similar(word: string, words: readonly string[]): string | undefined {
  if (word.length > 40) return undefined;
  const near = words
    .map((each) => ({ each, edits: distance(word.toLowerCase(), each.toLowerCase()) }))
    .filter(({ each, edits }) => edits <= Math.min(MOST_EDITS, Math.floor(each.length / 2)))
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.each;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (Damerau-Levenshtein, restricted). */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  for (let j = 1; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = least;
    }
  }
  return rows[a.length]![b.length]!;
}
