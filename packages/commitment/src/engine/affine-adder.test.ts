import { expect, it } from 'vitest';
import { AffineAdder } from './affine-adder.ts';
import { BASE_ORDER, Bn254, FIELD_BYTES, G1_BYTES, G1_JACOBIAN_BYTES } from './bn254.ts';
import { PAIR_BYTES } from './pair-kernel.ts';

const curve = new Bn254();

/** Random field elements, some at the edges. */
function* elements(): Generator<bigint> {
  let state = 88172645463325252n;
  yield* [0n, 1n, 2n, BASE_ORDER - 1n, BASE_ORDER - 2n, 2n ** 51n - 1n, 2n ** 204n - 1n, BASE_ORDER >> 1n];
  for (;;) {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 256n;
    yield (state ** 3n + (state >> 9n)) % BASE_ORDER;
  }
}

it('the kernel multiplies two pairs at once as the library does, including differences and its own results', () => {
  const { pairs } = curve;
  // A machine without a fused multiply-add has no kernel: the rest of the suite tests the other path there.
  if (pairs === null) return;
  curve.scoped(() => {
    const values = elements();
    const [words, products] = [curve.alloc(4 * FIELD_BYTES), curve.alloc(2 * FIELD_BYTES)];
    const [a, b, c] = [0, 0, 0].map(() => curve.alloc(PAIR_BYTES)) as [number, number, number];
    const at = (k: number): number => words + k * FIELD_BYTES;
    for (let trial = 0; trial < 3000; trial++) {
      for (let k = 0; k < 4; k++) curve.writeInteger(at(k), values.next().value as bigint);
      pairs.read(a, at(0), at(1));
      pairs.read(b, at(2), at(3));
      // (x y)^2 y, in two forms.
      pairs.mul(c, a, b);
      pairs.mul(c, c, c);
      pairs.mul(c, c, b);
      pairs.write(products, products + FIELD_BYTES, c, c, c);
      for (const [lane, x, y] of [
        [0, at(0), at(2)],
        [1, at(1), at(3)],
      ] as const) {
        const { wasm } = curve;
        const expected = curve.alloc(FIELD_BYTES);
        wasm.f1m_mul(x, y, expected);
        wasm.f1m_square(expected, expected);
        wasm.f1m_mul(expected, y, expected);
        // Four products with R = 2^255 for R = 2^256: 2^4 times as much.
        for (let k = 0; k < 4; k++) wasm.f1m_add(expected, expected, expected);
        const found = curve.readInteger(products + lane * FIELD_BYTES);
        if (found !== curve.readInteger(expected)) expect.fail(`trial ${trial}, lane ${lane}`);
      }
    }
  });
});

it('the adder sums any number of pairs at once as it does one by one, including chains of sums', () => {
  curve.scoped(() => {
    const { wasm } = curve;
    const size = 600;
    const [points, sums] = [curve.alloc(size * G1_BYTES), curve.alloc(size * G1_BYTES)];
    const [scalar, jacobian, expected] = [32, G1_JACOBIAN_BYTES, G1_BYTES].map((n) => curve.alloc(n)) as [
      number,
      number,
      number,
    ];
    const values = elements();
    for (let k = 0; k < size; k++) {
      curve.writeInteger(scalar, values.next().value as bigint);
      wasm.g1m_timesScalarAffine(curve.g1Generator, scalar, 32, jacobian);
      wasm.g1m_toAffine(jacobian, points + k * G1_BYTES);
    }
    const adder = new AffineAdder(curve, size);
    const point = (k: number): number => points + (k % size) * G1_BYTES;
    for (let trial = 0; trial < 60; trial++) {
      const count = trial < 40 ? trial : size;
      // Also equal points, opposite ones and infinity (multiple 0 is the first element).
      const right = (k: number): number => point(trial % 7 === 0 && k % 5 === 0 ? k : k * 7 + trial);
      for (let k = 0; k < count; k++) adder.push(point(k), right(k), sums + k * G1_BYTES);
      adder.flush();
      for (let k = 0; k < count; k++) {
        wasm.g1m_addAffine(point(k), right(k), jacobian);
        wasm.g1m_toAffine(jacobian, expected);
        const same = Buffer.compare(
          curve.u8.subarray(expected, expected + G1_BYTES),
          curve.u8.subarray(sums + k * G1_BYTES, sums + (k + 1) * G1_BYTES),
        );
        if (same !== 0) expect.fail(`trial ${trial}, pair ${k} of ${count}`);
      }
      curve.u8.copyWithin(points, sums, sums + count * G1_BYTES);
    }
  });
});
