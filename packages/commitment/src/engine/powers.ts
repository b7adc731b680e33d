import { AffineAdder } from './affine-adder.ts';
import { type Bn254, G1_BYTES, SCALAR_ORDER } from './bn254.ts';
import { digitsOfScalars } from './digits.ts';

/** Points per batch of additions. */
const CHUNK = 2048;

/**
 * Writes [tau^from]1 ... [tau^(from+count-1)]1 as affine points to `output`, from fixed-base tables: for each window of
 * the scalar every multiple of the generator is looked up, so a point costs one addition per window.
 *
 * Knowledge of tau allows forging every opening: this exists for development strings only.
 *
 * @param onChunk called with the number of points done
 */
export function powersInG1(
  curve: Bn254,
  tau: bigint,
  from: number,
  count: number,
  output: number,
  onChunk: (done: number) => void,
): void {
  curve.scoped(() => {
    const scalars = curve.alloc(count * 32);
    const step = curve.scalar(tau);
    const power = curve.scalar(powMod(tau, from));
    for (let j = 0; j < count; j++) {
      curve.wasm.frm_fromMontgomery(power, scalars + j * 32);
      curve.wasm.frm_mul(power, step, power);
    }
    const digits = digitsOfScalars(curve, scalars, count);
    const tableSize = 2 ** (digits.bits - 1);
    const tables = multiplesOfGenerator(curve, digits.bits, digits.windows, tableSize);
    const adder = new AffineAdder(curve, CHUNK);
    const negated = curve.alloc(CHUNK * G1_BYTES);
    curve.u8.fill(0, output, output + count * G1_BYTES);
    for (let start = 0; start < count; start += CHUNK) {
      const end = Math.min(start + CHUNK, count);
      for (let w = 0; w < digits.windows; w++) {
        for (let j = start; j < end; j++) {
          const digit = digits.values[w * count + j]!;
          if (digit === 0) continue;
          let point = tables + (w * tableSize + Math.abs(digit) - 1) * G1_BYTES;
          if (digit < 0) {
            curve.wasm.g1m_negAffine(point, negated + (j - start) * G1_BYTES);
            point = negated + (j - start) * G1_BYTES;
          }
          adder.push(output + j * G1_BYTES, point, output + j * G1_BYTES);
        }
        adder.flush();
      }
      onChunk(end);
    }
  });
}

/** tables[w][k] = (k+1) * 2^(bits*w) * generator; all windows advance together, so additions batch. */
function multiplesOfGenerator(curve: Bn254, bits: number, windows: number, size: number): number {
  const tables = curve.alloc(windows * size * G1_BYTES);
  curve.scoped(() => {
    const bases = curve.alloc(windows * G1_BYTES);
    const scalar = curve.alloc(32);
    const jacobian = curve.alloc(96);
    for (let w = 0; w < windows; w++) {
      curve.writeInteger(scalar, (1n << BigInt(bits * w)) % SCALAR_ORDER);
      curve.wasm.g1m_timesScalarAffine(curve.g1Generator, scalar, 32, jacobian);
      curve.wasm.g1m_toAffine(jacobian, bases + w * G1_BYTES);
      curve.wasm.g1m_copyAffine(bases + w * G1_BYTES, tables + w * size * G1_BYTES);
    }
    const adder = new AffineAdder(curve, windows);
    for (let k = 1; k < size; k++) {
      for (let w = 0; w < windows; w++) {
        const at = tables + (w * size + k) * G1_BYTES;
        adder.push(at - G1_BYTES, bases + w * G1_BYTES, at);
      }
      adder.flush();
    }
  });
  return tables;
}

function powMod(base: bigint, exponent: number): bigint {
  let result = 1n;
  let factor = base % SCALAR_ORDER;
  for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = (result * factor) % SCALAR_ORDER;
    factor = (factor * factor) % SCALAR_ORDER;
  }
  return result;
}
