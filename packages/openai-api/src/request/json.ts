/** Levels of a schema: what reads one goes as deep. */
const MOST_LEVELS = 64;

/** Whether a value has no more levels than a schema may have: the reader of a body has no such bound. */
export function isShallow(value: unknown, levels = MOST_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1));
}
