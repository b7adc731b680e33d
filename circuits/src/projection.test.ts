import { describe, expect, it } from 'vitest';
import { circuitArtifacts } from './artifacts.ts';
import { bilinearForm, FIELD_ORDER, gramHash, packWords } from './gram.ts';
import { buildContributionInput, type ContributionSignals } from './input.ts';
import {
  ALPHA,
  BETA,
  projectionInput,
  randomProjectionGram,
  sharedProjectionVectors,
} from './testing/matrices.ts';
import { poseidonOfElements } from './testing/poseidon.ts';
import { acceptable, referenceProjection } from './testing/projection-rule.ts';
import { publicValues, refusedBy } from './testing/witness.ts';

const { wasmPath } = circuitArtifacts(16, 'reference-projection');
const refused = (signals: ContributionSignals) => refusedBy(wasmPath, signals);
const vectors = sharedProjectionVectors();
const coefficientsOf = (vector: (typeof vectors)[number]) =>
  vector.rows.map((row) => row.coefficients.map(BigInt));

describe('the circuit of reference-projection gives the numbers of the shared vectors', () => {
  for (const vector of vectors.filter((v) => v.n === 16)) {
    it(vector.name, async () => {
      const { gram, weights, shares } = vector;
      const coefficients = coefficientsOf(vector);
      const input = buildContributionInput({
        rule: 'reference-projection',
        gram,
        weights,
        shares,
        coefficients,
        alpha: ALPHA,
        beta: BETA,
        size: 16,
      });
      expect(input.signals.weightWords.map(String)).toEqual(vector.weightsWords);
      expect(input.signals.shareWords.map(String)).toEqual(vector.sharesWords);

      expect(await publicValues(wasmPath, input.signals)).toEqual(input.publicSignals);
    });
  }
});

it('the test suite’s own rule agrees with the shared vectors, intermediate values included', () => {
  for (const vector of vectors.filter((v) => v.n === 16)) {
    const { name, gram, weights, shares, rows } = vector;
    const rule = referenceProjection(gram);
    expect(rule.weights.map(Number), name).toEqual(weights);
    expect(rule.shares.map(Number), name).toEqual(shares);
    for (const what of ['norm', 'gate', 'length'] as const) {
      expect(rule[what].map(String), name).toEqual(rows.map((row) => row[what]));
    }
    for (const what of ['cappedDots', 'coefficients'] as const) {
      expect(
        rule[what].map((row) => row.map(String)),
        name,
      ).toEqual(rows.map((row) => row[what]));
    }
    expect(acceptable(gram, rule.coefficients), name).toBe(true);
  }
});

describe('random rounds', () => {
  for (const trainers of [1, 2, 5, 9, 15, 16]) {
    it(`random rounds of ${trainers} trainers have a witness with the test suite’s own weights and shares`, async () => {
      const input = projectionInput(randomProjectionGram(trainers, 100 + trainers));
      expect(await publicValues(wasmPath, input.signals)).toEqual(input.publicSignals);
    });
  }
});

// A witness takes a fraction of a second, but there are many.
describe('no witness exists for', { timeout: 240_000 }, () => {
  const gram = randomProjectionGram(9, 7);
  const honest = () => projectionInput(gram).signals;
  const change = (values: bigint[], index: number, delta: bigint) =>
    values.map((value, k) => (k === index ? value + delta : value));
  const withCoefficient = (target: number, trainer: number, delta: bigint): ContributionSignals => {
    const signals = honest();
    return { ...signals, coefficient: change(signals.coefficient!, 16 * target + trainer, delta) };
  };

  it('a witness exists for unchanged values', async () => {
    expect(await refused(honest())).toBeUndefined();
  });

  it('no witness exists for one weight or share more or less, or a word moved by p', async () => {
    const signals = honest();
    const main = 'ContributionByProjection';
    for (const delta of [1n, -1n, 1n << 17n, 1n << (17n * 15n)]) {
      expect(await refused({ ...signals, weightWords: change(signals.weightWords, 0, delta) })).toBe(main);
    }
    for (const delta of [1n, -1n, 1n << 33n]) {
      for (const word of [0, 1, 2]) {
        expect(await refused({ ...signals, shareWords: change(signals.shareWords, word, delta) })).toBe(main);
      }
    }
  });

  it('no witness exists for another hash, inner product or challenge', async () => {
    const signals = honest();
    for (const name of ['alpha', 'beta', 'innerProduct', 'gramHash'] as const) {
      expect(await refused({ ...signals, [name]: signals[name] + 1n })).toBe('ContributionByProjection');
    }
  });

  it('no witness exists for any changed entry of the matrix, including those of two head rows', async () => {
    const signals = honest();
    for (let entry = 0; entry < signals.gram.length; entry += entry < 10 ? 1 : 19) {
      expect(await refused({ ...signals, gram: change(signals.gram, entry, 1n) })).toBe(
        'ContributionByProjection',
      );
    }
  });

  it('no witness exists for a coefficient for a trainer that is not eligible, or absent', async () => {
    const { eligible } = referenceProjection(gram);
    const trainer = eligible.indexOf(false);
    expect(trainer).toBeGreaterThanOrEqual(0);
    for (const target of [0, 1, 2]) {
      expect(await refused(withCoefficient(target, trainer, 1n))).toBe('Projection');
      expect(await refused(withCoefficient(target, 12, 1n))).toBe('Projection');
    }
  });

  it('no witness exists for a coefficient that is beyond the tolerance, negative or of 67 bits', async () => {
    const { coefficients } = referenceProjection(gram);
    for (const target of [0, 1, 2]) {
      const trainer = coefficients.findIndex((row) => row[target]! > 0n);
      const x = coefficients[trainer]![target]!;
      for (const delta of [x >> 10n, -(x >> 10n), -x, -x - 1n, (1n << 67n) - x]) {
        expect(await refused(withCoefficient(target, trainer, delta))).toBe('Num2Bits');
      }
    }
  });

  it('no witness exists for a copy that claims the pay of both, or pay for what others explain', async () => {
    // Trainer 9 is a copy of a paid one; the prover gives the copy's part to the first, with shares to match.
    const paid = referenceProjection(gram).shares.findIndex((share) => share > 0n);
    const order = [...gram.keys(), 4 + paid];
    const copied = order.map((i) => order.map((j) => gram[i]![j]!));
    const { coefficients } = referenceProjection(copied);
    const moved = coefficients.map((row) => [...row]);
    for (const k of [0, 1, 2]) {
      moved[paid]![k]! += moved[9]![k]!;
      moved[9]![k] = 0n;
    }
    expect(await refused(projectionInput(copied).signals)).toBeUndefined();
    expect(await refused(projectionInput(copied, 16, moved).signals)).toBe('Num2Bits');
  });

  it('no witness exists for weights and shares of another rule: the coefficients of one target for all three', async () => {
    const { coefficients } = referenceProjection(gram);
    const same = coefficients.map((row) => [row[0]!, row[0]!, row[0]!]);
    expect(await refused(projectionInput(gram, 16, same).signals)).toBe('Num2Bits');
  });

  it('no witness exists for two swapped trainers', async () => {
    const order = [0, 1, 2, 3, 5, 4, 6, 7, 8, 9, 10, 11, 12];
    const swapped = order.map((i) => order.map((j) => gram[i]![j]!));
    const other = projectionInput(swapped).signals;
    expect(await refused({ ...honest(), gram: other.gram })).toBeDefined();
    const { weightWords, shareWords } = honest();
    expect(await refused({ ...other, weightWords, shareWords })).toBe('ContributionByProjection');
  });
});

describe('entries out of range have no witness, even with their hash and inner product', () => {
  /** A matrix the TypeScript side refuses, given to the circuit with every public value to match. */
  async function refusesEntry(row: number, column: number, entry: bigint): Promise<string | undefined> {
    const gram = randomProjectionGram(3, 11).map((r) => r.slice());
    gram[row]![column] = gram[column]![row] = entry;
    return refused(forgedInput(gram));
  }

  it('an entry of 2^53 of two trainers, or 2^49 with a head row, has no witness, and one less has one', async () => {
    expect(await refusesEntry(4, 4, 1n << 53n)).toBe('Num2Bits');
    expect(await refusesEntry(4, 5, -(1n << 53n) - 1n)).toBe('Num2Bits');
    expect(await refusesEntry(0, 1, 1n << 49n)).toBe('Num2Bits');
    expect(await refusesEntry(2, 4, -(1n << 49n) - 1n)).toBe('Num2Bits');
    expect(await refusesEntry(3, 4, 1n << 49n)).toBe('Num2Bits');
    expect(await refusesEntry(0, 1, (1n << 49n) - 1n)).toBeUndefined();
    expect(await refusesEntry(3, 4, 1n - (1n << 49n))).toBeUndefined();
  });

  it('a negative squared norm has no witness, even of a head row: p - 1 is -1', async () => {
    for (const row of [0, 2, 3, 4, 6]) {
      expect(await refusesEntry(row, row, -1n)).toBe('ContributionByProjection');
      expect(await refusesEntry(row, row, FIELD_ORDER - 1n)).toBe('ContributionByProjection');
    }
  });

  it('an entry above p / 2 that is not a small negative has no witness', async () => {
    expect(await refusesEntry(1, 5, FIELD_ORDER - (1n << 50n))).toBe('Num2Bits');
    expect(await refusesEntry(4, 5, FIELD_ORDER / 2n)).toBe('Num2Bits');
  });
});

describe('the input of reference-projection', () => {
  it('the input of reference-projection hashes twenty rows, begun with 19, so that no matrix of the other rule has its hash', () => {
    const gram = randomProjectionGram(16, 3);
    const shifted = gram.flatMap((row, i) => row.slice(i).map((entry) => entry + 2n ** 62n));
    const elements = packWords(shifted, 63n, 4);
    expect(gramHash(gram, 16, 'reference-projection')).toBe(poseidonOfElements(19n, elements));
  });

  const good = {
    rule: 'reference-projection',
    gram: randomProjectionGram(2, 4),
    weights: [1, 2],
    shares: [3, 4],
    coefficients: [
      [5n, 6n, 7n],
      [8n, 9n, (1n << 67n) - 1n],
    ],
    alpha: 1n,
    beta: 2n,
    size: 16,
  } as const;

  it('the input of reference-projection has the coefficients by target, padded', () => {
    const { coefficient } = buildContributionInput(good).signals;
    expect(coefficient).toHaveLength(48);
    expect([0, 16, 32].map((at) => coefficient!.slice(at, at + 3))).toEqual([
      [5n, 8n, 0n],
      [6n, 9n, 0n],
      [7n, (1n << 67n) - 1n, 0n],
    ]);
  });

  it.each([
    ['a coefficient of 67 bits', { coefficients: [[1n << 67n, 0n, 0n]] }, 'E_STATEMENT_INVALID'],
    ['a negative coefficient', { coefficients: [[0n, -1n, 0n]] }, 'E_STATEMENT_INVALID'],
    [
      'seventeen trainers coefficients',
      { coefficients: new Array(17).fill([0n, 0n, 0n]) },
      'E_STATEMENT_INVALID',
    ],
    ['three head rows', { gram: good.gram.slice(0, 3).map((row) => row.slice(0, 3)) }, 'E_GRAM_INVALID'],
    ['a reference of squared norm 2^49', { gram: [[1n << 49n]] }, 'E_GRAM_INVALID'],
  ])('the input of reference-projection is refused with %s', (_, change, code) => {
    expect(() => buildContributionInput({ ...good, ...change })).toThrowError(
      expect.objectContaining({ code }),
    );
  });
});

/** Public values for a matrix with entries out of range: the library's formulas without its checks. */
function forgedInput(gram: bigint[][]): ContributionSignals {
  const signed = gram.map((row) => row.map((x) => (x > FIELD_ORDER / 2n ? x - FIELD_ORDER : x)));
  const diagonal = signed.map((row, i) => row.map((x, j) => (i === j && x < 0n ? 0n : x)));
  // A matrix that no vectors have has no projections: then any coefficients do, the entry is refused before.
  const zeros = gram.slice(4).map(() => [0n, 0n, 0n]);
  const touchesTrainers = signed
    .slice(4)
    .some((row) => row.slice(4).some((x) => x >= 1n << 50n || x <= -(1n << 50n)));
  const { weights, shares, coefficients } = referenceProjection(
    diagonal,
    touchesTrainers ? zeros : undefined,
  );
  const triangle: bigint[] = [];
  for (let i = 0; i < 20; i++) for (let j = i; j < 20; j++) triangle.push(signed[i]?.[j] ?? 0n);
  const field = (x: bigint) => ((x % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER;
  const elements: bigint[] = [];
  for (let at = 0; at < triangle.length; at += 4) {
    const four = triangle.slice(at, at + 4).map((x, k) => (x + (1n << 62n)) * (1n << (63n * BigInt(k))));
    elements.push(field(four.reduce((a, b) => a + b, 0n)));
  }
  const padding = new Array(13).fill(0n);
  return {
    alpha: ALPHA,
    beta: BETA,
    innerProduct: bilinearForm(signed, ALPHA, BETA),
    gramHash: poseidonOfElements(19n, elements),
    weightWords: packWords([...weights, ...padding].slice(0, 16), 17n, 14),
    shareWords: packWords([...shares, ...padding].slice(0, 16), 33n, 7),
    gram: triangle.map(field),
    coefficient: [0, 1, 2].flatMap((k) => [...coefficients.map((row) => row[k]!), ...padding].slice(0, 16)),
  };
}
