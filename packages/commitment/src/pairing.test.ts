import type { G1Point, G2Point } from '@chorus/protocol';
import { bn254 } from '@noble/curves/bn254.js';
import { expect, it } from 'vitest';
import { developmentKey } from './development-key.ts';
import { Bn254 } from './engine/bn254.ts';
import { BASE_ORDER } from './engine/constants.ts';
import { isInG2, pairingProductIsOne } from './pairing.ts';
import { G1_GENERATOR, negatePoint } from './points.ts';

const curve = new Bn254();
const { tauG1, g2, tauG2 } = developmentKey();
const infinity: G1Point = { x: 0n, y: 0n };
const infinity2: G2Point = { x: [0n, 0n], y: [0n, 0n] };

/** A point of the twist that is not of order p: nearly all are, as its cofactor is large. */
function strayPoint(): G2Point {
  const { Fp2 } = bn254.fields;
  const { b } = bn254.G2.Point.CURVE();
  for (let k = 1n; ; k++) {
    const x = Fp2.fromBigTuple([k, 0n]);
    try {
      const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b));
      return { x: [x.c0, x.c1], y: [y.c0, y.c1] };
    } catch {
      // Not a square.
    }
  }
}

it.each<[string, G2Point, boolean]>([
  ['the generator', g2, true],
  ['another point of the group', tauG2, true],
  ['infinity', infinity2, false],
  ['a point of the twist that is not of the group', strayPoint(), false],
  ['a point that is not of the twist', { ...tauG2, y: [tauG2.y[0] ^ 1n, tauG2.y[1]] }, false],
  ['a second spelling of a point', { ...tauG2, x: [tauG2.x[0] + BASE_ORDER, tauG2.x[1]] }, false],
  ['a negative coordinate', { ...tauG2, x: [tauG2.x[0] - BASE_ORDER, tauG2.x[1]] }, false],
])('%s is judged alike in JavaScript and in WebAssembly', (_, point, expected) => {
  expect([isInG2(point), curve.isInG2(point)]).toEqual([expected, expected]);
});

it.each<[string, [G1Point, G2Point][], boolean]>([
  ['no pair', [], true],
  [
    'pairs with infinity alone',
    [
      [infinity, g2],
      [tauG1, infinity2],
    ],
    true,
  ],
  [
    'e(tau, 1) and e(-1, tau)',
    [
      [tauG1, g2],
      [negatePoint(G1_GENERATOR), tauG2],
    ],
    true,
  ],
  [
    'the same, and a pair with infinity',
    [
      [tauG1, g2],
      [negatePoint(G1_GENERATOR), tauG2],
      [infinity, g2],
    ],
    true,
  ],
  [
    'e(tau, 1) and e(1, tau)',
    [
      [tauG1, g2],
      [G1_GENERATOR, tauG2],
    ],
    false,
  ],
  ['one pair', [[G1_GENERATOR, g2]], false],
])('the product of %s is the same in JavaScript and in WebAssembly', (_, pairs, expected) => {
  expect([pairingProductIsOne(pairs), curve.pairingProductIsOne(pairs)]).toEqual([expected, expected]);
});
