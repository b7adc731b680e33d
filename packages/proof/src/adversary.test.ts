import { gramMatrix, ruleById } from '@chorus/aggregation';
import { circuitArtifacts } from '@chorus/circuits';
import {
  addPoints,
  combinePoints,
  developmentKey,
  G1_GENERATOR,
  type SrsKey,
  srsDigest,
} from '@chorus/commitment';
import { BASE_ORDER, Bn254, SCALAR_ORDER } from '@chorus/commitment/engine';
import { type ContributionProof, G1_INFINITY, hasGroups, RULE_NAMES } from '@chorus/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headRows, type RoundStatement } from './statement/statement.ts';
import { startCircuitProver } from './testing/full-proof.ts';
import { commitTo, type Deviation, referenceGramProof } from './testing/reference-prover.ts';
import { honestRound, randomRound, type TestRound } from './testing/rounds.ts';
import { type CheckName, runChecks, type VerifierKeys } from './verify/checks.ts';
import { wasmCurve } from './verify/wasm-curve.ts';

const curve = wasmCurve(new Bn254());
const N = 16;

describe.each(RULE_NAMES)('%s', (rule) => {
  const head = headRows(rule);
  const { verificationKey } = circuitArtifacts(16, rule);
  const keys: VerifierKeys = { srs: developmentKey(), verificationKey };
  const circuit = startCircuitProver(rule);
  let honest: TestRound;
  let proof: ContributionProof;

  /** The names of the failed checks, and all findings. */
  function verify(statement: RoundStatement, candidate: ContributionProof, using: VerifierKeys = keys) {
    const results = runChecks(curve, { statement, proof: candidate, ...using });
    const failed = results.filter((r) => !r.ok);
    return { caughtBy: failed[0]?.check, failed: failed.map((r) => r.check), results };
  }

  /** The statement with some of its words replaced. */
  const restate = (change: Partial<RoundStatement>): RoundStatement => ({ ...honest.statement, ...change });

  /** A proof by an adversary that knows everything and recomputes everything, for a false statement. */
  function forge(
    statement: RoundStatement,
    cheat: Deviation = {},
    vectors: TestRound['vectors'] = honest.vectors,
  ) {
    return { ...referenceGramProof(statement, vectors, cheat), groth16: proof.groth16 };
  }

  const swapped = <T>(values: readonly T[], i: number, j: number): T[] =>
    values.map((value, k) => (k === i ? values[j]! : k === j ? values[i]! : value));

  const at = <T>(values: readonly T[], index: number, change: (value: T) => T): T[] =>
    values.map((value, k) => (k === index ? change(value) : value));

  beforeAll(async () => {
    honest = randomRound({ seed: 42, trainers: 5, N, absent: [3], rule });
    const message = referenceGramProof(honest.statement, honest.vectors);
    const present = honest.vectors.map((v) => v ?? new Int16Array(N));
    proof = await circuit.prove(honest.statement, gramMatrix(present), message);
  });
  afterAll(() => circuit.close());

  it('the honest proof passes every check', () => {
    const { results, failed } = verify(honest.statement, proof);
    expect(failed).toEqual([]);
    expect(results).toHaveLength(8);
  });

  describe('a forged matrix is caught by the inner product, with a circuit proof that fits it', () => {
    const forgeries: [string, (g: bigint[][]) => bigint[][]][] = [
      ['one entry of the first leading row', (g) => symmetric(g, 0, head, 1n)],
      ['one entry of the last leading row', (g) => symmetric(g, head - 1, head + 1, 1n)],
      [
        'a pair of entries that cancel where alpha = beta = 1',
        (g) => symmetric(symmetric(g, head, head + 1, 5n), head + 1, head + 2, -5n),
      ],
    ];
    it.each(forgeries)('%s', async (_, change) => {
      const present = honest.vectors.map((v) => v ?? new Int16Array(N));
      const gram = change(gramMatrix(present));
      const { weights, shares } = ruleById(rule).apply(gram);
      const pad = (values: number[]): number[] => honest.statement.weights.map((_, i) => values[i] ?? 0);
      const total = combinePoints(honest.statement.commitments.slice(head), pad(weights));
      const statement = restate({ weights: pad(weights), shares: pad(shares), aggregate: total });
      const padded = (g: bigint[][]) => g.map((row, i) => row.map((_, j) => gram[i]?.[j] ?? 0n));
      const message = referenceGramProof(statement, honest.vectors, { gram: padded });
      const forged = await circuit.prove(statement, gram, message);
      expect(verify(statement, forged).failed).toEqual(['inner product']);
      // Lying about S(z) to satisfy the identity moves the fault to the opening.
      const lied = referenceGramProof(statement, honest.vectors, { gram: padded, fitEvaluation: true });
      const again = await circuit.prove(statement, gram, lied);
      expect(verify(statement, again).failed).toEqual(['opening']);
    });

    function symmetric(gram: bigint[][], i: number, j: number, by: bigint): bigint[][] {
      return gram.map((row, a) =>
        row.map((entry, b) => ((a === i && b === j) || (a === j && b === i) ? entry + by : entry)),
      );
    }
  });

  describe('weights, shares and aggregate', () => {
    // Change the first value above zero: a negative value is refused before any check.
    const shift = (values: number[], by: number): number[] =>
      at(
        values,
        values.findIndex((x) => x > 0),
        (x) => x + by,
      );

    it('a forged weight with a matching aggregate is caught by the rule', () => {
      const weights = shift(honest.statement.weights, -1);
      const aggregate = combinePoints(honest.statement.commitments.slice(head), weights);
      const statement = restate({ weights, aggregate });
      expect(verify(statement, forge(statement)).failed).toEqual(['rule']);
    });
    it('a forged weight alone is caught by the opening and the rule', () => {
      const statement = restate({ weights: shift(honest.statement.weights, -1) });
      expect(verify(statement, forge(statement)).failed).toEqual(['opening', 'rule']);
    });
    it('a forged share is caught by the rule', () => {
      const statement = restate({ shares: shift(honest.statement.shares, -1) });
      expect(verify(statement, forge(statement)).failed).toEqual(['rule']);
    });
    it('a share moved to another trainer is caught by the rule', () => {
      const from = honest.statement.shares.findIndex((share) => share > 0);
      const moved = honest.statement.shares[from]!;
      const to = from + 1;
      const shares = honest.statement.shares.map((share, i) =>
        i === from ? 0 : i === to ? share + moved : share,
      );
      const statement = restate({ shares });
      expect(verify(statement, forge(statement)).failed).toEqual(['rule']);
    });
    it.each([
      ['shares that sum to more than 2^32', () => ({ shares: shift(honest.statement.shares, 100) })],
      ['weights that sum to more than 2^16', () => ({ weights: shift(honest.statement.weights, 100) })],
      ['a negative share', () => ({ shares: at(honest.statement.shares, 4, () => -1) })],
      ['a fractional weight', () => ({ weights: at(honest.statement.weights, 4, () => 0.5) })],
      ['one share too many', () => ({ shares: [...honest.statement.shares, 0] })],
    ])('%s are caught by the statement', (_, change) => {
      expect(verify(restate(change()), proof).caughtBy).toBe('statement');
    });
    it('an aggregate of other weights is caught by the opening', () => {
      const statement = restate({ aggregate: addPoints([honest.statement.aggregate, G1_GENERATOR]) });
      expect(verify(statement, forge(statement)).failed).toEqual(['opening']);
    });
  });

  describe('commitments', () => {
    const { commitments } = { commitments: () => honest.statement.commitments };
    /** Honest proofs of a round with other vectors, presented as this round's. */
    const retold = (vectors: TestRound['vectors']) => forge(honest.statement, {}, vectors);

    it('a dropped trainer is caught by the opening', () => {
      expect(verify(honest.statement, retold(at(honest.vectors, head + 1, () => null))).caughtBy).toBe(
        'opening',
      );
    });
    it('a repeated trainer is caught by the opening', () => {
      const repeated = at(honest.vectors, head + 1, () => honest.vectors[head]!);
      expect(verify(honest.statement, retold(repeated)).caughtBy).toBe('opening');
    });
    it('two swapped trainers are caught by the opening', () => {
      expect(verify(honest.statement, retold(swapped(honest.vectors, head, head + 1))).caughtBy).toBe(
        'opening',
      );
    });
    it('two swapped leading rows are caught by the opening', () => {
      // With one leading row, it and the first trainer's.
      expect(verify(honest.statement, retold(swapped(honest.vectors, 0, 1))).caughtBy).toBe('opening');
      expect(verify(honest.statement, retold(swapped(honest.vectors, head - 1, head))).caughtBy).toBe(
        'opening',
      );
    });
    it('a vector that is not the committed one is caught by the opening', () => {
      for (let row = 0; row <= head; row++) {
        const other = Int16Array.from(honest.vectors[row]!, (x, k) => (k === 5 ? x + 1 : x));
        const vectors = at(honest.vectors, row, () => other);
        expect(verify(honest.statement, retold(vectors)).caughtBy, `row ${row}`).toBe('opening');
      }
    });
    it('an update for an absent trainer is caught by the opening', () => {
      expect(
        verify(honest.statement, retold(at(honest.vectors, head + 3, () => new Int16Array(N).fill(3))))
          .caughtBy,
      ).toBe('opening');
    });
    it('commitments changed after the proof was made are caught by the transcript', () => {
      const points = commitments();
      for (const changed of [
        swapped(points, head, head + 1),
        at(points, head + 1, () => points[head]!),
        at(points, head + 1, () => G1_INFINITY),
        swapped(points, 0, 1),
        at(points, head - 1, () => G1_INFINITY),
        at(points, head - 1, () => points[head]!),
      ]) {
        expect(verify(restate({ commitments: changed }), proof).failed).toEqual([
          'inner product',
          'opening',
          'rule',
        ]);
      }
    });
    it('a commitment off the curve is caught by the statement', () => {
      for (let row = 0; row <= head; row++) {
        const off = at(commitments(), row, (c) => ({ ...c, x: c.x + 1n }));
        expect(verify(restate({ commitments: off }), proof).caughtBy, `row ${row}`).toBe('statement');
      }
    });
  });

  describe('a proof of somewhere else is caught by the transcript', () => {
    it.each<[string, Partial<RoundStatement>]>([
      ['a stale round', { round: 2 }],
      ['another task', { taskId: 43n }],
      ['another chain', { chainId: 1337 }],
      ['another contract', { contract: '0x00000000000000000000000000000000c0ffee02' }],
      ['another sender', { prover: '0x00000000000000000000000000000000000000a2' }],
      ['another N', { N: 32 }],
    ])('%s', (_, change) => {
      expect(verify(restate(change), proof).failed).toEqual(['inner product', 'opening', 'rule']);
    });
  });

  describe('challenges chosen by the prover', () => {
    it('chosen alpha and beta, under which a pair of forged entries cancels, are caught', () => {
      const cancelling = (g: bigint[][]): bigint[][] =>
        g.map((row, i) =>
          row.map((x, j) => x + (i + j === 3 && i * j === 2 ? 5n : i + j === 5 && i * j === 6 ? -5n : 0n)),
        );
      const forged = forge(honest.statement, { alpha: 1n, beta: 1n, gram: cancelling });
      expect(verify(honest.statement, forged).failed).toEqual(['opening', 'rule']);
    });
    it('a chosen z at which two different polynomials agree is caught by the inner product', () => {
      expect(
        verify(
          honest.statement,
          forge(honest.statement, { z: 12345n, innerProduct: (c) => c + 1n, fitEvaluation: true }),
        ).caughtBy,
      ).toBe('inner product');
    });
    it('a chosen gamma is caught by the opening', () => {
      expect(verify(honest.statement, forge(honest.statement, { gamma: 1n })).failed).toEqual(['opening']);
    });
  });

  describe('messages of the Gram argument', () => {
    const shifted = (f: bigint[]): bigint[] => at(f, 3, (x) => (x + 1n) % SCALAR_ORDER);
    it.each<[string, Deviation, CheckName]>([
      ['c altered', { innerProduct: (c) => (c + 1n) % SCALAR_ORDER }, 'inner product'],
      [
        'c altered and S(z) made to fit',
        { innerProduct: (c) => (c + 1n) % SCALAR_ORDER, fitEvaluation: true },
        'opening',
      ],
      ['S altered', { crossTerm: shifted }, 'inner product'],
      ['S altered and S(z) made to fit', { crossTerm: shifted, fitEvaluation: true }, 'opening'],
      ['C_S altered, everything else to fit S', { cross: G1_GENERATOR }, 'opening'],
      ['C_S at infinity', { cross: { ...G1_INFINITY } }, 'opening'],
      ['W altered', { quotient: G1_GENERATOR }, 'opening'],
      ['W at infinity', { quotient: { ...G1_INFINITY } }, 'opening'],
    ])('%s', (_, cheat, check) => {
      expect(verify(honest.statement, forge(honest.statement, cheat)).caughtBy).toBe(check);
    });

    it.each([0, 1, 2, 3, 4, 5])('an altered evaluation %s is caught', (index) => {
      const evaluations = at(proof.evaluations, index, (x) => (x + 1n) % SCALAR_ORDER) as never;
      expect(verify(honest.statement, { ...proof, evaluations }).failed).toEqual([
        'inner product',
        'opening',
      ]);
    });

    it('another hash of the matrix is caught by the transcript', () => {
      expect(verify(honest.statement, { ...proof, gramHash: proof.gramHash - 1n }).failed).toEqual([
        'inner product',
        'opening',
        'rule',
      ]);
    });
  });

  describe('values outside their group or field', () => {
    const off = { x: 1n, y: 3n };
    const unreduced = { x: 1n + BASE_ORDER, y: 2n };
    const withGroth16 = (change: Partial<ContributionProof['groth16']>): ContributionProof => ({
      ...proof,
      groth16: { ...proof.groth16, ...change },
    });

    it.each<[string, () => ContributionProof]>([
      ['C_S off the curve', () => ({ ...proof, cross: off })],
      ['C_S not reduced', () => ({ ...proof, cross: unreduced })],
      ['C_W off the curve', () => ({ ...proof, quotient: off })],
      ['C_W not reduced', () => ({ ...proof, quotient: unreduced })],
      ['C_W negative', () => ({ ...proof, quotient: { x: 1n, y: -2n } })],
      ['A off the curve', () => withGroth16({ a: off })],
      ['C off the curve', () => withGroth16({ c: off })],
      ['B off the twist', () => withGroth16({ b: { x: proof.groth16.b.y, y: proof.groth16.b.x } })],
      ['B at infinity', () => withGroth16({ b: { x: [0n, 0n], y: [0n, 0n] } })],
      ['B on the twist but not of the group', () => withGroth16({ b: OUTSIDE_G2 })],
    ])('%s is caught by the points', (_, candidate) => {
      expect(verify(honest.statement, candidate()).caughtBy).toBe('points');
    });

    it.each(['gramHash', 'innerProduct', 0, 1, 2, 3, 4, 5] as const)(
      'the non-canonical scalar %s + p is caught by the field elements',
      (field) => {
        const candidate =
          typeof field === 'number'
            ? { ...proof, evaluations: at(proof.evaluations, field, (x) => x + SCALAR_ORDER) as never }
            : { ...proof, [field]: proof[field] + SCALAR_ORDER };
        expect(verify(honest.statement, candidate).caughtBy).toBe('field elements');
        const negative =
          typeof field === 'number' ? candidate : { ...proof, [field]: proof[field] - SCALAR_ORDER };
        expect(verify(honest.statement, negative).caughtBy).toBe('field elements');
      },
    );

    it.each<[string, () => ContributionProof]>([
      ['A and C at infinity', () => withGroth16({ a: { ...G1_INFINITY }, c: { ...G1_INFINITY } })],
      ['A negated', () => withGroth16({ a: { x: proof.groth16.a.x, y: BASE_ORDER - proof.groth16.a.y } })],
      ['C replaced', () => withGroth16({ c: G1_GENERATOR })],
    ])('%s is caught by the rule', (_, candidate) => {
      expect(verify(honest.statement, candidate()).failed).toEqual(['rule']);
    });
  });

  describe('rules', () => {
    const other = RULE_NAMES.find((name) => name !== rule)!;

    it('a proof presented as the other rule’s is caught by the statement, which has other rows', () => {
      expect(verify(restate({ rule: other }), proof).caughtBy).toBe('statement');
    });
    it('a proof presented as the other rule’s with that rule’s rows is caught by the transcript', () => {
      const [first, ...others] = honest.statement.commitments;
      const told = hasGroups(rule)
        ? honest.statement.commitments.slice(3)
        : [first!, first!, first!, first!, ...others];
      expect(verify(restate({ rule: other, commitments: told }), proof).failed).toEqual([
        'inner product',
        'opening',
        'rule',
      ]);
    });
    it('the key of the other rule’s circuit is refused by the rule', () => {
      const { verificationKey } = circuitArtifacts(16, other);
      expect(verify(honest.statement, proof, { ...keys, verificationKey }).failed).toEqual(['rule']);
    });
  });

  describe('keys', () => {
    /** A string whose tau the adversary knows and chose. */
    const other = (): SrsKey => ({ ...keys.srs, tauG1: combinePoints([G1_GENERATOR], [7n]) });

    it('a point replaced under the same digest is caught by the reference string', () => {
      expect(verify(honest.statement, proof, { ...keys, srs: other() }).caughtBy).toBe('reference string');
    });
    it('a reference string of another tau fails the opening', () => {
      const srs = { ...other(), digest: srsDigest(other()) };
      expect(verify(honest.statement, proof, { ...keys, srs }).caughtBy).toBe('opening');
    });
    it('points outside G2 are caught by the reference string', () => {
      const srs = { ...keys.srs, tauG2: OUTSIDE_G2 };
      expect(verify(honest.statement, proof, { ...keys, srs }).caughtBy).toBe('reference string');
    });
    it('a verification key of another circuit is caught by the rule', () => {
      const fewer = { ...verificationKey, nPublic: 8, IC: verificationKey.IC.slice(0, 9) };
      expect(verify(honest.statement, proof, { ...keys, verificationKey: fewer }).failed).toEqual(['rule']);
      const swapped = { ...verificationKey, vk_delta_2: verificationKey.vk_gamma_2 };
      expect(verify(honest.statement, proof, { ...keys, verificationKey: swapped }).failed).toEqual(['rule']);
    });
  });

  describe('properties', () => {
    it('random rounds verify', () => {
      const shape = fc.record({
        seed: fc.integer(),
        trainers: fc.integer({ min: 1, max: 16 }),
        dimension: fc.integer({ min: 1, max: N }),
        amplitude: fc.constantFrom(1, 50, 60000),
        absent: fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { maxLength: 4 }),
      });
      fc.assert(
        fc.property(shape, (options) => {
          const { statement, vectors } = randomRound({ ...options, seed: options.seed >>> 1, N, rule });
          const message = { ...referenceGramProof(statement, vectors), groth16: proof.groth16 };
          const results = runChecks(curve, { statement, proof: message, ...keys, gramOnly: true });
          expect(results.filter((r) => !r.ok)).toEqual([]);
        }),
        { numRuns: 25 },
      );
    });

    it('no proof verifies with any single public value changed', () => {
      const scalarOf = (random: bigint) => (x: bigint) => (x + 1n + random) % SCALAR_ORDER;
      const pointOf = (random: bigint) => (c: { x: bigint; y: bigint }) =>
        addPoints([c, combinePoints([G1_GENERATOR], [1n + random])]);
      const random = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
      const small = fc.integer({ min: 1, max: 1000 });
      const index = fc.nat({ max: head + 15 });
      const change = fc.tuple(fc.nat({ max: 14 }), random, small, index);
      fc.assert(
        fc.property(change, ([field, big, little, k]) => {
          let statement = honest.statement;
          let candidate = proof;
          const s = (part: Partial<RoundStatement>) => {
            statement = { ...statement, ...part };
          };
          const p = (part: Partial<ContributionProof>) => {
            candidate = { ...candidate, ...part };
          };
          const changes = [
            () => s({ chainId: statement.chainId + little }),
            () =>
              s({
                contract:
                  `0x${(BigInt(statement.contract) + big).toString(16).padStart(40, '0').slice(-40)}` as never,
              }),
            () => s({ taskId: statement.taskId + BigInt(little) }),
            () => s({ round: statement.round + little }),
            () =>
              s({
                prover: `0x${(BigInt(statement.prover) + BigInt(little)).toString(16).padStart(40, '0')}`,
              }),
            () => s({ N: N * 2 ** (1 + (little % 18)) }),
            () => s({ commitments: at(statement.commitments, k, pointOf(big)) }),
            () => s({ weights: at(statement.weights, k % 16, (w) => (w === 0 ? 1 : w - 1)) }),
            () => s({ shares: at(statement.shares, k % 16, (w) => (w === 0 ? 1 : w - 1)) }),
            () => s({ aggregate: pointOf(big)(statement.aggregate) }),
            () => p({ gramHash: scalarOf(big)(proof.gramHash) }),
            () => p({ innerProduct: scalarOf(big)(proof.innerProduct) }),
            () => p({ cross: pointOf(big)(proof.cross) }),
            () => p({ quotient: pointOf(big)(proof.quotient) }),
            () => p({ evaluations: at(proof.evaluations, k % 6, scalarOf(big)) as never }),
          ];
          changes[field]!();
          fc.pre(statement.contract !== honest.statement.contract || field !== 1);
          expect(verify(statement, candidate).failed.length).toBeGreaterThan(0);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe('edge rounds verify', () => {
    const ids = { rule, chainId: 31337, taskId: 1n, round: 1, size: 16 as const, N };
    it.each<[string, (Int16Array | null)[]]>([
      ['all rejected, the aggregate is infinity', [new Int16Array(N).fill(-5), new Int16Array(N).fill(-1)]],
      ['duplicates', [new Int16Array(N).fill(5), new Int16Array(N).fill(5), new Int16Array(N).fill(5)]],
      ['no trainer committed', [null, null]],
      [
        'maximal entries',
        Array.from({ length: 16 }, (_, i) => new Int16Array(N).fill(i % 2 ? -32767 : 32767)),
      ],
    ])('%s', (_, updates) => {
      const filled = (value: number): Int32Array => new Int32Array(N).fill(value);
      const [part, whole] = [5 * 32767, 15 * 32767];
      const leading = hasGroups(rule) ? [part, part, part, whole] : [whole];
      const round = honestRound(ids, leading.map(filled), updates);
      const message = { ...referenceGramProof(round.statement, round.vectors), groth16: proof.groth16 };
      const results = runChecks(curve, {
        statement: round.statement,
        proof: message,
        ...keys,
        gramOnly: true,
      });
      expect(results.filter((r) => !r.ok)).toEqual([]);
      expect(round.statement.commitments[0]).toEqual(commitTo([...filled(leading[0]!)]));
    });
  });
});

/**
 * A point of the twist outside the group: found by trying x until x^3 + b' is a square; almost all such points are
 * outside.
 */
const OUTSIDE_G2 = outsideG2();

function outsideG2(): ContributionProof['groth16']['b'] {
  const q = BASE_ORDER;
  const pow = (base: bigint, e: bigint): bigint => {
    let result = 1n;
    for (let b = base % q, k = e; k > 0n; k >>= 1n, b = (b * b) % q) if (k & 1n) result = (result * b) % q;
    return result;
  };
  const root = (a: bigint): bigint | undefined => {
    const r = pow(a, (q + 1n) / 4n);
    return (r * r - a) % q === 0n ? r : undefined;
  };
  // b' = 3 / (9 + u) = 3 (9 - u) / 82
  const inverse82 = pow(82n, q - 2n);
  const [b0, b1] = [(27n * inverse82) % q, ((q - 3n) * inverse82) % q];
  for (let x = 1n; ; x++) {
    // y^2 = a + b1 u with a = x^3 + b0; the norm's root gives the root of a + b1 u.
    const a = (x * x * x + b0) % q;
    const norm = root((a * a + b1 * b1) % q);
    if (norm === undefined) continue;
    for (const n of [norm, q - norm]) {
      const y0 = root((((a + n) % q) * pow(2n, q - 2n)) % q);
      if (y0 === undefined || y0 === 0n) continue;
      return { x: [x, 0n], y: [y0, (b1 * pow(2n * y0, q - 2n)) % q] };
    }
  }
}
