/** An import of something in another place. */
export interface Arrow {
  from: string;
  to: string;
  /** Which import it is, readable. */
  because: string;
}

/**
 * The circles in a set of arrows between places, a line each: every group of places that all reach each other, with the
 * arrow of the group that the fewest imports make, as the first one to cut.
 *
 * @returns nothing if the places form layers
 */
export function backArrows(arrows: readonly Arrow[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of arrows) {
    if (from !== to) next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const reach = new Map([...next.keys()].map((place) => [place, reachable(next, place)]));
  const groups = new Map<string, string[]>();
  for (const [place, there] of reach) {
    if (!there.has(place)) continue;
    const group = [...there].filter((other) => reach.get(other)?.has(place)).sort();
    groups.set(group.join(), group);
  }
  return [...groups.values()].map((group) => {
    const inside = arrows.filter(({ from, to }) => from !== to && group.includes(from) && group.includes(to));
    const byPair = Map.groupBy(inside, ({ from, to }) => `${from} -> ${to}`);
    const [[pair, imports]] = [...byPair].sort((a, b) => a[1].length - b[1].length) as [[string, Arrow[]]];
    return `${group.join(', ')} import each other; ${pair} is ${imports.map((i) => i.because).join('; ')}`;
  });
}

/** Every place that can be reached by one arrow or more. */
function reachable(next: ReadonlyMap<string, ReadonlySet<string>>, from: string): Set<string> {
  const seen = new Set<string>();
  const open = [...(next.get(from) ?? [])];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    open.push(...(next.get(place) ?? []));
  }
  return seen;
}
