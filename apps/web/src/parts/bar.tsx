/**
 * A part of a whole as a bar. What it shows is written next to it, so that readers of screens miss nothing.
 * @param from where it begins, from 0 to 1; 0 by default
 */
export function Bar({ part, from = 0 }: { part: number; from?: number }) {
  const x = 100 * Math.min(1, Math.max(0, from));
  const width = Math.max(part > 0 ? 0.5 : 0, 100 * Math.min(1 - x / 100, Math.max(0, part)));
  return (
    <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="whole" x="0" y="0" width="100" height="6" />
      <rect class="part" x={x} y="0" width={width} height="6" />
    </svg>
  );
}
