/** Where a node serves an agent, as the registry keeps it: `<peer id>/agents/<name>/`. */
export const placeOf = (peerId: string, name: string): string => `${peerId}/agents/${name}/`;

/** A place in its parts; null for other text. */
export function readPlace(place: string): { peerId: string; name: string } | null {
  const match = /^([1-9A-HJ-NP-Za-km-z]{1,64})\/agents\/([a-z0-9-]{1,40})\/$/.exec(place);
  return match ? { peerId: match[1]!, name: match[2]! } : null;
}
