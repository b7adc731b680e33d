import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { circuitArtifacts } from '@chorus/circuits';
import { addPoints, developmentSrs, G1_GENERATOR } from '@chorus/commitment';
import { G1_INFINITY, type G1Point, type RuleName } from '@chorus/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createProver, type Prover } from './prover.ts';
import { roundStatement } from './statement/statement.ts';
import { turnsWhileProving } from './testing/event-loop.ts';
import { randomRound } from './testing/rounds.ts';
import { createVerifier } from './verifier.ts';

const circuits = (rule: RuleName) => circuitArtifacts(16, rule);
const round = randomRound({ seed: 9, trainers: 4, N: 64, absent: [2] });
let folder: string;
let prover: Prover;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-prove-'));
  prover = await createProver({ srs: await developmentSrs(6, { cacheDir: folder }), circuits });
});
afterAll(async () => {
  await prover.close();
  await rm(folder, { recursive: true });
});

it('the prover proves rounds one after another, with progress and seconds by part', async () => {
  const verifier = createVerifier();
  const seen: number[] = [];
  const others = [
    randomRound({ seed: 10, trainers: 16, N: 64 }),
    randomRound({ seed: 11, trainers: 16, N: 64, rule: 'reference-projection' }),
    randomRound({ seed: 12, trainers: 3, N: 64, absent: [1], rule: 'reference-projection' }),
  ];
  const results = await Promise.all([
    prover.prove(round.statement, round.vectors, { onProgress: (done) => void seen.push(done) }),
    ...others.map(({ statement, vectors }) => prover.prove(statement, vectors)),
  ]);
  for (const [k, { statement }] of [round, ...others].entries()) {
    const { srs } = { srs: await developmentSrs(6, { cacheDir: folder }) };
    const { verificationKey } = circuits(statement.rule);
    const checks = await verifier.verify(statement, results[k]!.proof, { srs, verificationKey });
    expect(checks.filter((c) => !c.ok)).toEqual([]);
    expect(checks).toHaveLength(8);
  }
  expect(seen.at(-1)).toBeCloseTo(1);
  const { seconds } = results[0]!;
  expect(seconds.total).toBeGreaterThanOrEqual(seconds.circuit);
  await verifier.close();
});

// The circuit of the other rule is proven in prover.slow.ts.
it('the prover lets the event loop turn while it proves', async () => {
  expect(await turnsWhileProving('reference-trust', folder)).toBeGreaterThan(5);
});

it("the prover refuses weights that are not the rule's before any work", async () => {
  const shares = [...round.statement.shares];
  shares[0]!--;
  await expect(prover.prove({ ...round.statement, shares }, round.vectors)).rejects.toMatchObject({
    code: 'E_PROOF_INPUT',
    facts: { trainer: 0, expectedShare: round.statement.shares[0] },
  });
});

it('the prover names the failed check if a commitment is not that of the payload', async () => {
  const commitments = round.statement.commitments.map((c, i) => (i === 1 ? addPoints([c, G1_GENERATOR]) : c));
  await expect(prover.prove({ ...round.statement, commitments }, round.vectors)).rejects.toMatchObject({
    code: 'E_PROOF_REJECTED',
    facts: { check: 'opening' },
  });
});

it('the prover stops when aborted, even in the circuit, and proves again', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const running = prover.prove(round.statement, round.vectors, {
    signal: controller.signal,
    onProgress: (done) => done >= 0.59 && controller.abort(reason),
  });
  await expect(running).rejects.toBe(reason);
  await expect(
    prover.prove(round.statement, round.vectors, { signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason);
  expect((await prover.prove(round.statement, round.vectors)).proof.evaluations).toHaveLength(6);
});

it('the prover refuses the development string on a real chain', async () => {
  await expect(prover.prove({ ...round.statement, chainId: 56 }, round.vectors)).rejects.toMatchObject({
    code: 'E_SRS_INSECURE',
  });
});

it('roundStatement builds a padded statement from chain state', () => {
  const { statement } = round;
  const built = roundStatement({
    ...statement,
    references: [{ index: 0, commitment: statement.commitments[0]! }],
    appointed: 1,
    novelty: null,
    updates: [statement.commitments[1]!, statement.commitments[2]!, null, statement.commitments[4]!],
    weights: statement.weights.slice(0, 4),
    shares: statement.shares.slice(0, 4),
  });
  expect(built).toEqual(statement);
  const updates = new Array(17).fill(null);
  const parts = { ...statement, references: [], appointed: 1, novelty: null, updates };
  expect(() => roundStatement(parts)).toThrowError(expect.objectContaining({ code: 'E_STATEMENT_INVALID' }));
});

it('roundStatement builds the leading rows of a rule with groups', () => {
  const { statement } = randomRound({ seed: 9, trainers: 4, N: 64, rule: 'reference-projection' });
  const [a, b, c, novelty, ...updates] = statement.commitments as [G1Point, G1Point, G1Point, G1Point];
  const headOf = (appointed: number, ...references: [number, G1Point][]) =>
    roundStatement({
      ...statement,
      references: references.map(([index, commitment]) => ({ index, commitment })),
      appointed,
      novelty,
      updates,
    }).commitments.slice(0, 4);
  expect(headOf(3, [2, c], [0, a], [1, b])).toEqual([a, b, c, novelty]);
  expect(headOf(5, [0, a], [3, b], [4, c])).toEqual([addPoints([a, b]), c, G1_INFINITY, novelty]);
  expect(headOf(2, [0, a], [1, b])).toEqual([...new Array(3).fill(addPoints([a, b])), novelty]);
  expect(headOf(2, [1, b])).toEqual([b, b, b, novelty]);
  const none = { ...round.statement, references: [], appointed: 1, updates: [], novelty };
  expect(() => roundStatement(none)).toThrowError(
    expect.objectContaining({ code: 'E_STATEMENT_INVALID', message: 'the rule has no novelty' }),
  );
});
