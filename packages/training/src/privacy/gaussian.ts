import { randomFillSync } from 'node:crypto';
import { polarNormals } from '../random.ts';

/** Bytes drawn from the operating system at a time. */
const BLOCK = 1 << 16;

/** Unpredictable uniform and normal numbers: privacy noise must not follow from a seed. */
export interface SecureRandom {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Mean 0, variance 1, by Marsaglia's polar method. */
  normal(): number;
}

/**
 * Numbers from the operating system's generator.
 *
 * Not guaranteed: that the noise's low bits hide what doubles are exact about (Mironov 2012, "On Significance of the Least
 * Significant Bits"); updates are rounded to int16 of the task's scale after it.
 */
export function secureRandom(): SecureRandom {
  const block = new Uint32Array(BLOCK / 4);
  let next = block.length;
  const word = (): number => {
    if (next === block.length) {
      randomFillSync(block);
      next = 0;
    }
    return block[next++]!;
  };
  return {
    uniform: () => word() / 2 ** 32,
    // 53 bits each: the tails of 32 bits end at 6.6 standard deviations.
    normal: polarNormals(() => (word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53),
  };
}
