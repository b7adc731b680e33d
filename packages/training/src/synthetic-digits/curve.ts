import type { Stroke } from './strokes.ts';

/** Points drawn between two control points. */
const STEPS = 5;

/**
 * A stroke as a polyline through its control points: a uniform Catmull-Rom spline (Catmull and Rom 1974) with
 * doubled end points. Writes x, y pairs to `out` and returns how many points there are.
 */
export function flatten(stroke: Stroke, out: Float64Array): number {
  const last = stroke.length / 2 - 1;
  const x = (i: number) => stroke[2 * Math.min(last, Math.max(0, i))]!;
  const y = (i: number) => stroke[2 * Math.min(last, Math.max(0, i)) + 1]!;
  let n = 0;
  for (let i = 0; i < last; i++) {
    for (let k = 0; k < STEPS; k++) {
      const t = k / STEPS;
      out[2 * n] = spline(x(i - 1), x(i), x(i + 1), x(i + 2), t);
      out[2 * n + 1] = spline(y(i - 1), y(i), y(i + 1), y(i + 2), t);
      n++;
    }
  }
  out[2 * n] = x(last);
  out[2 * n + 1] = y(last);
  return n + 1;
}

function spline(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}
