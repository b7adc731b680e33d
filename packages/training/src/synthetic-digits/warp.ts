import type { Random } from '../random.ts';
import { SIDE } from './raster.ts';

/** Grid cells of the elastic field per axis. */
const CELLS = 3;
const NODES = CELLS + 1;
/** Deviation of a grid node, in pixels. */
const ELASTIC = 0.85;
/** Largest slant: pixels sideways per pixel of height. */
const SLANT = 0.25;
/** Largest tangent of half the rotation: about 11 degrees. */
const TURN = 0.1;
/** Height of a digit in pixels. */
const SMALL = 16.5;
const LARGE = 21;
/** Largest displacement from the middle, in pixels. */
const SHIFT = 1;

/** From the unit box of a glyph to pixels: affine, then displaced by a smooth random field. */
export interface Warp {
  affine: readonly [number, number, number, number, number, number];
  dx: Float64Array;
  dy: Float64Array;
}

export function drawWarp(stream: Random): Warp {
  // Rotation by the tangent of the half angle needs no sine or cosine.
  const t = stream.between(-TURN, TURN);
  const cos = (1 - t * t) / (1 + t * t);
  const sin = (2 * t) / (1 + t * t);
  const height = stream.between(SMALL, LARGE);
  const width = height * stream.between(0.6, 0.95);
  const slant = stream.between(-SLANT, SLANT);
  const a = cos * width;
  const c = sin * width;
  const b = (-slant * cos - sin) * height;
  const d = (-slant * sin + cos) * height;
  const middle = (SIDE - 1) / 2;
  const e = middle + stream.between(-SHIFT, SHIFT) - (a + b) / 2;
  const f = middle + stream.between(-SHIFT, SHIFT) - (c + d) / 2;
  const field = () => Float64Array.from({ length: NODES * NODES }, () => ELASTIC * stream.bell());
  return { affine: [a, b, c, d, e, f], dx: field(), dy: field() };
}

/** Move the point at `points[at], points[at + 1]` from the unit box to pixels. */
export function warpPoint(
  { affine: [a, b, c, d, e, f], dx, dy }: Warp,
  points: Float64Array,
  at: number,
): void {
  const u = points[at]!;
  const v = points[at + 1]!;
  const x = a * u + b * v + e;
  const y = c * u + d * v + f;
  const gx = Math.min(CELLS - 1e-9, Math.max(0, (x * CELLS) / SIDE));
  const gy = Math.min(CELLS - 1e-9, Math.max(0, (y * CELLS) / SIDE));
  const column = Math.floor(gx);
  const row = Math.floor(gy);
  const s = smooth(gx - column);
  const t = smooth(gy - row);
  const i = row * NODES + column;
  points[at] = x + bilinear(dx, i, s, t);
  points[at + 1] = y + bilinear(dy, i, s, t);
}

function bilinear(field: Float64Array, i: number, s: number, t: number): number {
  const above = field[i]! + s * (field[i + 1]! - field[i]!);
  const below = field[i + NODES]! + s * (field[i + NODES + 1]! - field[i + NODES]!);
  return above + t * (below - above);
}

/** 3t^2 - 2t^3: the field has no kinks at the grid lines. */
function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
