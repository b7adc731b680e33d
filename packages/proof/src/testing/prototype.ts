/// <reference path="./ffjavascript.d.ts" />
import { getCurveFromName } from 'ffjavascript';

/**
 * The design's prototype of the Gram argument (prove only), kept as the baseline of the benches: ffjavascript's threads,
 * one call per field element, FFTs of size 2N, unsigned multi-exponentiation.
 *
 * @param points the powers of tau, as in a reference string
 */
export async function startPrototype(points: Uint8Array): Promise<Prototype> {
  const curve = await getCurveFromName('bn128');
  const { G1, Fr } = curve;
  const n8 = Fr.n8;
  const at = (m: Uint8Array, j: number): Uint8Array => m.subarray(j * n8, j * n8 + n8);

  function combine(rows: readonly Int16Array[], coefficients: readonly bigint[]): Uint8Array {
    const size = rows[0]!.length;
    const limbs = coefficients.map((c) =>
      Array.from({ length: 16 }, (_, k) => Number((c >> BigInt(16 * k)) & 0xffffn)),
    );
    const shift = coefficients.reduce((a, b) => a + b, 0n) * 32768n;
    const output = new Uint8Array(size * n8);
    const view = new DataView(output.buffer);
    const sums = new Float64Array(18);
    for (let j = 0; j < size; j++) {
      sums.fill(0);
      for (const [i, row] of rows.entries()) {
        const x = row[j]! + 32768;
        const limb = limbs[i]!;
        for (let k = 0; k < 16; k++) sums[k]! += limb[k]! * x;
      }
      let value = 0n;
      for (let k = 17; k >= 0; k--) value = (value << 16n) + BigInt(sums[k]!);
      value = (((value - shift) % Fr.p) + Fr.p) % Fr.p;
      for (let k = 0; k < 4; k++)
        view.setBigUint64(j * n8 + 8 * k, (value >> BigInt(64 * k)) & 0xffffffffffffffffn, true);
    }
    return output;
  }

  function evaluate(m: Uint8Array, x: Uint8Array): Uint8Array {
    let sum = Fr.zero;
    for (let j = m.length / n8 - 1; j >= 0; j--) sum = Fr.add(Fr.mul(sum, x), at(m, j));
    return sum;
  }

  function divide(m: Uint8Array, x: Uint8Array): Uint8Array {
    const quotient = new Uint8Array(m.length);
    let carry = Fr.zero;
    for (let j = m.length / n8 - 1; j > 0; j--) {
      carry = Fr.add(at(m, j), Fr.mul(carry, x));
      quotient.set(carry, (j - 1) * n8);
    }
    return quotient;
  }

  return {
    async prove(rows) {
      const size = rows[0]!.length;
      const challenge = (): bigint => Fr.toObject(Fr.random());
      const coefficients = (): bigint[] => rows.map(challenge);
      for (const a of rows) for (const b of rows) a.reduce((sum, x, k) => sum + x * b[k]!, 0);
      const v = await Fr.batchToMontgomery(combine(rows, coefficients()));
      const w = await Fr.batchToMontgomery(combine(rows, coefficients()));
      const [extended, reversed] = [new Uint8Array(2 * size * n8), new Uint8Array(2 * size * n8)];
      extended.set(v);
      for (let j = 0; j < size; j++) reversed.set(at(w, j), (size - 1 - j) * n8);
      const [fv, fw] = [await Fr.fft(extended), await Fr.fft(reversed)];
      const product = new Uint8Array(2 * size * n8);
      for (let j = 0; j < 2 * size; j++) product.set(Fr.mul(at(fv, j), at(fw, j)), j * n8);
      const coefficientsOf = await Fr.ifft(product);
      const s = new Uint8Array(size * n8);
      for (let k = 1; k < size; k++) {
        s.set(Fr.add(at(coefficientsOf, size - 1 + k), at(coefficientsOf, size - 1 - k)), (k - 1) * n8);
      }
      await G1.multiExpAffine(points, await Fr.batchFromMontgomery(s));
      const [z, gamma] = [Fr.random(), Fr.random()];
      const inverse = Fr.inv(z);
      for (const f of [v, w, s]) for (const x of [z, inverse]) evaluate(f, x);
      const folded = new Uint8Array(size * n8);
      const gamma2 = Fr.square(gamma);
      for (let j = 0; j < size; j++) {
        folded.set(Fr.add(Fr.add(at(v, j), Fr.mul(gamma, at(w, j))), Fr.mul(gamma2, at(s, j))), j * n8);
      }
      const quotient = divide(divide(folded, z), inverse);
      await G1.multiExpAffine(points, await Fr.batchFromMontgomery(quotient));
    },
    close: () => curve.terminate(),
  };
}

export interface Prototype {
  prove(rows: readonly Int16Array[]): Promise<void>;
  close(): Promise<void>;
}
