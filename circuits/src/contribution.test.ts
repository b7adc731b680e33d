import { poseidon16 } from 'poseidon-lite/poseidon16';
import { describe, expect, it } from 'vitest';
import { circuitArtifacts } from './artifacts.ts';
import { bilinearForm, FIELD_ORDER, packWords } from './gram.ts';
import { buildContributionInput, type ContributionSignals } from './input.ts';
import { ALPHA, BETA, honestInput, randomGram, sharedVectors } from './testing/matrices.ts';
import { referenceTrust } from './testing/rule.ts';
import { publicValues, refusedBy } from './testing/witness.ts';

const { wasmPath } = circuitArtifacts(16);
const refused = (signals: ContributionSignals) => refusedBy(wasmPath, signals);

describe('the contribution circuit gives the numbers of the shared vectors', () => {
  for (const vector of sharedVectors().filter((v) => v.n === 16)) {
    it(vector.name, async () => {
      const { gram, weights, shares } = vector;
      const input = buildContributionInput({ gram, weights, shares, alpha: ALPHA, beta: BETA, size: 16 });
      expect(input.signals.weightWords.map(String)).toEqual(vector.weightsWords);
      expect(input.signals.shareWords.map(String)).toEqual(vector.sharesWords);

      expect(await publicValues(wasmPath, input.signals)).toEqual(input.publicSignals);
    });
  }
});

it('the test suite’s own rule agrees with the shared vectors, intermediate values included', () => {
  for (const { name, gram, weights, shares, rows } of sharedVectors()) {
    const rule = referenceTrust(gram);
    expect(rule.weights.map(Number), name).toEqual(weights);
    expect(rule.shares.map(Number), name).toEqual(shares);
    for (const what of ['norm', 'clip', 'cosine', 'trust'] as const) {
      expect(rule[what].map(String), name).toEqual(rows.map((row) => row[what]));
    }
  }
});

describe('random rounds', () => {
  for (const trainers of [1, 2, 5, 9, 15, 16]) {
    it(`random rounds of ${trainers} trainers have a witness with the test suite’s own weights and shares`, async () => {
      const input = honestInput(randomGram(trainers, 100 + trainers));
      expect(await publicValues(wasmPath, input.signals)).toEqual(input.publicSignals);
    });
  }
});

describe('no witness exists for', () => {
  const gram = randomGram(9, 7);
  const honest = () => honestInput(gram).signals;
  const change = (values: bigint[], index: number, delta: bigint) =>
    values.map((value, k) => (k === index ? value + delta : value));

  it('a witness exists for unchanged values', async () => {
    expect(await refused(honest())).toBeUndefined();
  });

  it('no witness exists for one weight more or less', async () => {
    const signals = honest();
    for (const delta of [1n, -1n, 1n << 17n, 1n << (17n * 15n)]) {
      const weightWords = change(signals.weightWords, 0, delta);
      expect(await refused({ ...signals, weightWords })).toBe('Contribution');
    }
  });

  it('no witness exists for one share more or less, or a word moved by p', async () => {
    const signals = honest();
    for (const delta of [1n, -1n, 1n << 33n]) {
      for (const word of [0, 1, 2]) {
        const shareWords = change(signals.shareWords, word, delta);
        expect(await refused({ ...signals, shareWords })).toBe('Contribution');
      }
    }
  });

  it('no witness exists for a share for a padding row', async () => {
    const signals = honest();
    expect(await refused({ ...signals, shareWords: change(signals.shareWords, 2, 1n << 33n) })).toBe(
      'Contribution',
    );
  });

  it('no witness exists for another hash, inner product or challenge', async () => {
    const signals = honest();
    for (const name of ['alpha', 'beta', 'innerProduct', 'gramHash'] as const) {
      expect(await refused({ ...signals, [name]: signals[name] + 1n })).toBe('Contribution');
    }
  });

  it('no witness exists for any changed entry of the matrix', async () => {
    const signals = honest();
    for (let entry = 0; entry < signals.gram.length; entry += 19) {
      expect(await refused({ ...signals, gram: change(signals.gram, entry, 1n) })).toBe('Contribution');
    }
  });

  it('no witness exists for two swapped trainers', async () => {
    const order = [0, 2, 1, 3, 4, 5, 6, 7, 8, 9];
    const swapped = order.map((i) => order.map((j) => gram[i]![j]!));
    expect(await refused({ ...honest(), gram: honestInput(swapped).signals.gram })).toBe('Contribution');
    // With hash and inner product of the swapped matrix but the weights of the first.
    const { weightWords, shareWords } = honest();
    expect(await refused({ ...honestInput(swapped).signals, weightWords, shareWords })).toBe('Contribution');
  });
});

describe('entries out of range have no witness, even with their hash and inner product', () => {
  /** A matrix the TypeScript side refuses, given to the circuit with every public value to match. */
  async function refusesEntry(row: number, column: number, entry: bigint): Promise<string | undefined> {
    const gram = randomGram(3, 11).map((r) => r.slice());
    gram[row]![column] = gram[column]![row] = entry;
    return refused(forgedInput(gram));
  }

  it('an entry of 2^62 has no witness, on the diagonal and off it, and 2^62 - 1 has one', async () => {
    expect(await refusesEntry(1, 1, 1n << 62n)).toBe('Num2Bits');
    expect(await refusesEntry(1, 2, 1n << 62n)).toBe('Num2Bits');
    expect(await refusesEntry(1, 2, -(1n << 62n) - 1n)).toBe('Num2Bits');
    expect(await refusesEntry(1, 1, (1n << 62n) - 1n)).toBeUndefined();
    expect(await refusesEntry(1, 2, 1n - (1n << 62n))).toBeUndefined();
  });

  it('a negative squared norm has no witness, even of the reference: p - 1 is -1', async () => {
    for (const row of [0, 1, 3]) {
      expect(await refusesEntry(row, row, -1n)).toBe('Contribution');
      expect(await refusesEntry(row, row, FIELD_ORDER - 1n)).toBe('Contribution');
    }
  });

  it('an entry above p / 2 that is not a small negative has no witness', async () => {
    expect(await refusesEntry(0, 2, FIELD_ORDER - (1n << 63n))).toBe('Num2Bits');
    expect(await refusesEntry(0, 2, FIELD_ORDER / 2n)).toBe('Num2Bits');
  });
});

/** Public values for a matrix with entries out of range: the library's formulas without its checks. */
function forgedInput(gram: bigint[][]): ContributionSignals {
  const signed = gram.map((row) => row.map((x) => (x > FIELD_ORDER / 2n ? x - FIELD_ORDER : x)));
  const { weights, shares } = referenceTrust(
    signed.map((row, i) => row.map((x, j) => (i === j && x < 0n ? 0n : x))),
  );
  const triangle: bigint[] = [];
  for (let i = 0; i <= 16; i++) for (let j = i; j <= 16; j++) triangle.push(signed[i]?.[j] ?? 0n);
  const field = (x: bigint) => ((x % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER;
  const elements: bigint[] = [];
  for (let at = 0; at < triangle.length; at += 4) {
    const four = triangle.slice(at, at + 4).map((x, k) => (x + (1n << 62n)) * (1n << (63n * BigInt(k))));
    elements.push(field(four.reduce((a, b) => a + b, 0n)));
  }
  while (elements.length < 45) elements.push(0n);
  let state = 16n;
  for (const chunk of [0, 15, 30]) state = poseidon16([state, ...elements.slice(chunk, chunk + 15)]);
  return {
    alpha: ALPHA,
    beta: BETA,
    innerProduct: bilinearForm(signed, ALPHA, BETA),
    gramHash: state,
    weightWords: packWords([...weights, ...new Array(13).fill(0n)].slice(0, 16), 17n, 14),
    shareWords: packWords([...shares, ...new Array(13).fill(0n)].slice(0, 16), 33n, 7),
    gram: triangle.map(field),
  };
}
