/** Cells of a bar on a terminal. */
const WIDTH = 40;

/** A bar of text that is filled to this part, 0 to 1. */
export function bar(fraction: number): string {
  const filled = Math.round(WIDTH * Math.min(1, Math.max(0, fraction || 0)));
  return '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
}

/**
 * Seconds that are left if work goes on as fast as until now; null while it is not known.
 * @param fraction done, 0 to 1
 */
export function secondsLeft(fraction: number, elapsedSeconds: number): number | null {
  if (!(fraction > 0) || elapsedSeconds < 1) return null;
  return (elapsedSeconds / fraction) * Math.max(0, 1 - fraction);
}
