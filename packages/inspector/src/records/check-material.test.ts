import { ENDPOINTS } from '@chorus/admin-api';
import { circuitArtifacts } from '@chorus/circuits';
import { G1_GENERATOR } from '@chorus/commitment';
import { CHECKS, createVerifier, type Verifier } from '@chorus/proof';
import { type G1Point, RULE_NAMES, type RuleName } from '@chorus/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectorRounds } from '../testing/vector-rounds.ts';
import { checkMaterial } from './check-material.ts';
import { checkRecords } from './check-records.ts';
import { fromRoundProof, type ProofMaterial, toRoundProof } from './document.ts';

const { schema } = ENDPOINTS.roundProof.responses[200].content['application/json'];
const keyOf = (rule: RuleName) => circuitArtifacts(16, rule).verificationKey;

let verifier: Verifier;
beforeAll(() => {
  verifier = createVerifier();
});
afterAll(() => verifier.close());

const flip = ({ x, y }: G1Point): G1Point => ({ x, y: y ^ 1n });
const another: G1Point = { ...G1_GENERATOR };

/** One thing changed in the material of an honest round, and the checks that must fail, the first of them first. */
const FORGERIES: [string, (m: ProofMaterial) => void, string[]][] = [
  [
    'the hash of the key on chain',
    (m) => {
      m.verifier.verifyingKeyHash = `0x${'1'.repeat(64)}`;
    },
    ['keys'],
  ],
  [
    'the chain: one where the development string is worth nothing',
    (m) => {
      m.records.chainId = 1;
    },
    ['transaction', 'keys', 'inner product', 'opening', 'rule'],
  ],
  [
    'a bit of the reference string',
    (m) => {
      m.verifier.srs.tauG2.x[0] ^= 1n;
    },
    ['reference string'],
  ],
  [
    'the secret of the reference string',
    (m) => {
      m.verifier.srs.tauG1 = another;
    },
    ['opening'],
  ],
  [
    'a weight that was recorded',
    (m) => shift(m.records.settled.weights, -9),
    ['record', 'inner product', 'opening', 'rule', 'recomputed'],
  ],
  [
    'a weight that was recorded and sent',
    (m) => [m.records.settled, m.records.settlement].forEach(({ weights }) => void shift(weights, -9)),
    ['transaction', 'inner product', 'opening', 'rule', 'recomputed'],
  ],
  [
    'a share that was recorded and sent',
    (m) => [m.records.settled, m.records.settlement].forEach(({ shares }) => void shift(shares, -9)),
    ['transaction', 'inner product', 'opening', 'rule', 'recomputed'],
  ],
  [
    'a bit of a commitment',
    (m) => {
      const update = m.records.round.updates[0]!;
      update.commitment = flip(update.commitment);
    },
    ['statement'],
  ],
  [
    'a commitment',
    (m) => {
      m.records.round.updates[0]!.commitment = another;
    },
    ['inner product', 'opening', 'rule'],
  ],
  [
    'the aggregate that was recorded',
    (m) => {
      m.records.settled.aggregate = another;
    },
    ['record', 'inner product', 'opening'],
  ],
  [
    'the account that settled',
    (m) => {
      m.records.settled.aggregator = `0x${'ab'.repeat(20)}`;
    },
    ['inner product', 'opening', 'rule'],
  ],
  [
    'a scalar of the proof beyond the field',
    (m) => {
      m.records.settlement.proof.evaluations[2] = 2n ** 256n - 1n;
    },
    ['transaction', 'field elements'],
  ],
  [
    'a bit of a point of the proof',
    (m) => {
      m.records.settlement.proof.cross = flip(m.records.settlement.proof.cross);
    },
    ['transaction', 'points'],
  ],
  [
    'a bit of a point of the proof in G2',
    (m) => {
      m.records.settlement.proof.groth16.b.y[1] ^= 1n;
    },
    ['transaction', 'points'],
  ],
  [
    'a bit of the inner product',
    (m) => {
      m.records.settlement.proof.innerProduct ^= 1n;
    },
    ['transaction', 'inner product', 'opening', 'rule'],
  ],
  [
    'the opening',
    (m) => {
      m.records.settlement.proof.quotient = another;
    },
    ['transaction', 'opening'],
  ],
  [
    'the proof of the rule',
    (m) => {
      m.records.settlement.proof.groth16.c = another;
    },
    ['transaction', 'rule'],
  ],
  [
    'an inner product of two vectors',
    (m) => {
      m.gram![0]![1]! += 1n;
      m.gram![1]![0]! += 1n;
    },
    ['matrix'],
  ],
  [
    'a reward that was recorded',
    (m) => {
      m.records.settled.rewards[0]! += 1n;
    },
    ['rewards'],
  ],
  [
    'the list of rewards, by one of no trainer,',
    (m) => void m.records.settled.rewards.push(1n),
    ['record', 'rewards'],
  ],
  [
    'the list of trainers, by one with a reward,',
    (m) => {
      m.records.task.trainers.push(`0x${'ee'.repeat(20)}`);
      m.records.settled.rewards.push(1n);
    },
    ['record', 'rewards'],
  ],
  ['the list of trainers, by one that is left out,', (m) => void m.records.task.trainers.pop(), ['record']],
];

/** Changes the first part above zero. */
function shift(parts: number[], by: number): void {
  parts[parts.findIndex((part) => part > 10)]! += by;
}

describe.each(RULE_NAMES)('%s', (rule) => {
  const rounds = vectorRounds(rule);
  const honest = () => structuredClone(rounds.find(({ name }) => name.startsWith('five'))!.material);

  /** Through the document, as a browser gets it. */
  const received = (material: ProofMaterial) =>
    fromRoundProof(schema.parse(JSON.parse(JSON.stringify(toRoundProof(material)))));

  it.each(rounds)('every check of an honest round holds: $name', async ({ material }) => {
    const { checks, explained } = await checkMaterial(received(material), keyOf);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.map(({ check }) => check)).toEqual([
      'transaction',
      'keys',
      'record',
      ...Object.keys(CHECKS),
      'matrix',
      'recomputed',
      'rewards',
    ]);
    expect(explained!.agrees).toBe(true);
  });

  it.each(FORGERIES)(
    '%s is changed: the checks that cover it fail, here and in a node',
    async (_, change, failing) => {
      const material = honest();
      change(material);
      const { checks } = await checkMaterial(received(material), keyOf);
      const failed = checks.filter(({ ok, detail }) => !ok && !detail?.startsWith('not checked'));
      expect(failed.map(({ check }) => check)).toEqual(failing);
      // `chorus proof verify` has its pairings from another implementation.
      const { records, verifier: held } = received(material);
      const inNode = await checkRecords(records, held, keyOf(rule), (...of) =>
        verifier.verify(of[0], of[1], of[2]),
      ).catch(() => null);
      const here = checks.filter(({ check }) => inNode?.some((other) => other.check === check));
      const plain = (of: typeof checks) => of.map(({ check, ok, detail }) => ({ check, ok, detail }));
      if (inNode) expect(plain(here)).toEqual(plain(inNode));
      else
        expect(checks).toMatchObject([
          { check: 'transaction', ok: true },
          { check: 'statement', ok: false },
        ]);
    },
  );

  it('without the Gram matrix the proof is checked all the same, and nothing is said of the rule', async () => {
    const { checks, explained } = await checkMaterial({ ...honest(), gram: null, missing: 'no peer' }, keyOf);
    expect(checks.every(({ ok }) => ok)).toBe(true);
    expect(checks.map(({ check }) => check)).not.toContain('matrix');
    expect(explained).toMatchObject({ result: null, agrees: null, paidAsAgreed: true });
  });
});
