import { createDataset, type MemoryDataset, sharedFloats } from '../data/dataset.ts';
import { MAX_SAMPLES } from '../data/limits.ts';
import { permutation, type Random, random } from '../random.ts';
import { flatten } from './curve.ts';
import { drawSegment, SIDE } from './raster.ts';
import { GLYPHS } from './strokes.ts';
import { drawWarp, type Warp, warpPoint } from './warp.ts';

const PIXELS = SIDE * SIDE;
const DIGITS = GLYPHS.length;

/** Unsteadiness of the hand: deviation of a control point, in units of the glyph's box. */
const UNSTEADY = 0.05;
/** Radius of the pen in pixels. */
const THIN = 0.75;
const THICK = 1.7;
/** Share of the images with a stray stroke of someone else's. */
const STRAY = 0.15;
/** Largest deviation of a pixel's grey value. */
const MAX_NOISE = 0.15;

export interface SyntheticOptions {
  /** Any integer; equal seeds give equal images on every machine. */
  seed: number;
  /** Number of images. */
  count: number;
}

/**
 * Handwritten-looking digits, 28x28 with values in [0, 1] as MNIST's loader gives them, made from nothing:
 * strokes in several styles per digit, unsteady control points, slant, rotation, size, an elastic warp of the
 * plane, varying pen, stray strokes and noise. Classes are balanced and in random order.
 *
 * Only +, -, *, / and square root are used, which IEEE 754 fixes, so the images are the same everywhere.
 *
 * @example
 * const train = syntheticDigits({ seed: 1, count: 6000 });
 * const test = syntheticDigits({ seed: 2, count: 1000 });
 */
export function syntheticDigits({ seed, count }: SyntheticOptions): MemoryDataset {
  if (!(Number.isInteger(count) && count > 0 && count <= MAX_SAMPLES))
    throw new RangeError(`${count} images`);
  const inputs = sharedFloats(count * PIXELS);
  const labels = Int32Array.from(permutation(count, random(seed, 1)), (i) => i % DIGITS);
  const stream = random(seed, 2);
  const image = new Float64Array(PIXELS);
  for (let i = 0; i < count; i++) {
    drawDigit(image, labels[i]!, stream);
    finish(image, inputs.subarray(i * PIXELS, (i + 1) * PIXELS), stream);
  }
  return createDataset({
    inputs,
    labels,
    inputShape: [1, SIDE, SIDE],
    classes: DIGITS,
    name: `synthetic digits ${seed}`,
  });
}

const points = new Float64Array(2 * 128);

function drawDigit(image: Float64Array, digit: number, stream: Random): void {
  image.fill(0);
  const styles = GLYPHS[digit]!;
  const glyph = styles[stream.below(styles.length)]!;
  const warp = drawWarp(stream);
  const pen = stream.between(THIN, THICK);
  // Strokes that meet share a corner: points at the same place deviate alike.
  const moved = new Map<number, [number, number]>();
  for (const stroke of glyph) {
    const unsteady = stroke.slice();
    for (let k = 0; k < stroke.length; k += 2) {
      const key = stroke[k]! * 1000 + stroke[k + 1]!;
      let by = moved.get(key);
      if (!by) {
        by = [UNSTEADY * stream.bell(), UNSTEADY * stream.bell()];
        moved.set(key, by);
      }
      unsteady[k] = stroke[k]! + by[0];
      unsteady[k + 1] = stroke[k + 1]! + by[1];
    }
    drawStroke(image, unsteady, warp, pen * stream.between(0.8, 1.2), pen * stream.between(0.8, 1.2));
  }
  if (stream.float() < STRAY) drawStray(image, pen, stream);
}

function drawStroke(image: Float64Array, stroke: number[], warp: Warp, from: number, to: number): void {
  const n = flatten(stroke, points);
  for (let k = 0; k < n; k++) warpPoint(warp, points, 2 * k);
  for (let k = 1; k < n; k++) {
    const r0 = from + ((to - from) * (k - 1)) / (n - 1);
    const r1 = from + ((to - from) * k) / (n - 1);
    drawSegment(image, points[2 * k - 2]!, points[2 * k - 1]!, r0, points[2 * k]!, points[2 * k + 1]!, r1);
  }
}

/** A short line somewhere, as from a neighbouring digit. */
function drawStray(image: Float64Array, pen: number, stream: Random): void {
  const x = stream.between(0, SIDE);
  const y = stream.between(0, SIDE);
  drawSegment(image, x, y, 0.7 * pen, x + stream.between(-7, 7), y + stream.between(-7, 7), 0.4 * pen);
}

/** Contrast and noise, then 256 grey levels as in an image file. */
function finish(image: Float64Array, target: Float32Array, stream: Random): void {
  const contrast = stream.between(0.65, 1);
  const noise = stream.between(0, MAX_NOISE);
  for (let p = 0; p < PIXELS; p++) {
    const value = image[p]! * contrast + noise * (stream.float() - 0.5) * 2;
    const level = Math.floor(255 * Math.max(0, Math.min(1, value)) + 0.5);
    target[p] = level / 255;
  }
}
