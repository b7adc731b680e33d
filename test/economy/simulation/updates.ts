import { generator } from '../../random.ts';

/** d of the simulated model: noise alone has a cosine of about 1/sqrt(d) with anything. */
export const DIMENSION = 512;
/** Root of the mean square of the entries of every update: as large as clipping lets pass, whatever its maker did. */
const ENTRY = 2000;
/** The part of a trainer's data that is its own, against the common signal. */
const SKEW = 0.5;
/** Sampling noise of one unit of training work, against the common signal. */
const NOISE = 1;

export type Vector = Float64Array;

/**
 * What updates are made of. Each round has one direction that lowers the loss (`signal`, of unit length). Training with
 * `work` units of data and steps finds it with the trainer's own skew and with noise that falls with the root of the work,
 * as the mean of independent samples does. Everyone scales to one norm, since clipping pays nothing for a longer vector
 * and less for a shorter one.
 *
 * `persistence` is the cosine of one round's signal with the next one's: what the last aggregate still tells.
 */
export class World {
  readonly random: () => number;
  signal: Vector;
  /** The sum of the round's references, sealed until all updates are closed. */
  sealed: Vector;
  /** The direction of the last settled aggregate, known to everybody. */
  previous: Vector;
  private readonly persistence: number;

  constructor(seed: number, persistence: number) {
    this.random = generator(seed);
    this.persistence = persistence;
    this.signal = unit(this.noise());
    this.sealed = this.signal;
    this.previous = new Float64Array(DIMENSION);
  }

  /** The next round's signal. */
  turn(): void {
    const fresh = unit(this.noise());
    const rest = Math.sqrt(1 - this.persistence ** 2);
    this.signal = unit(mix([this.signal, this.persistence], [fresh, rest]));
  }

  /** Bell-shaped entries of unit variance (a sum of four uniforms), by operations that are exact on every machine. */
  noise(): Vector {
    const { random } = this;
    const spread = Math.sqrt(3);
    return Float64Array.from(
      { length: DIMENSION },
      () => spread * (random() + random() + random() + random() - 2),
    );
  }

  /** A direction of unit length. */
  direction(): Vector {
    return unit(this.noise());
  }

  /** What `work` units of training find, for a trainer whose data leans to `skew`. */
  train(skew: Vector, work: number, signal: Vector = this.signal): Vector {
    return mix([signal, 1], [skew, SKEW], [this.direction(), NOISE / Math.sqrt(work)]);
  }
}

export function mix(...parts: [Vector, number][]): Vector {
  const sum = new Float64Array(DIMENSION);
  for (const [vector, factor] of parts) {
    for (let k = 0; k < DIMENSION; k++) sum[k]! += factor * vector[k]!;
  }
  return sum;
}

export function unit(vector: Vector): Vector {
  let square = 0;
  for (const x of vector) square += x * x;
  return square === 0 ? vector : mix([vector, 1 / Math.sqrt(square)]);
}

/** The int16 vector that is committed: scaled to the common norm and rounded, as the payload's encoding does. */
export function encode(vector: Vector, entry = ENTRY): Int16Array {
  const scale = entry * Math.sqrt(DIMENSION);
  return Int16Array.from(unit(vector), (x) => Math.max(-32767, Math.min(32767, Math.round(scale * x))));
}
