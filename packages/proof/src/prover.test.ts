import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { circuitArtifacts } from '@chorus/circuits';
import { addPoints, developmentSrs, G1_GENERATOR } from '@chorus/commitment';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createProver, type Prover } from './prover.ts';
import { roundStatement } from './statement.ts';
import { randomRound } from './testing/rounds.ts';
import { createVerifier } from './verifier.ts';

const circuit = circuitArtifacts(16);
const round = randomRound({ seed: 9, trainers: 4, N: 64, absent: [2] });
let folder: string;
let prover: Prover;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-prove-'));
  prover = await createProver({ srs: await developmentSrs(6, { cacheDir: folder }), circuit });
});
afterAll(async () => {
  await prover.close();
  await rm(folder, { recursive: true });
});

it('proves rounds one after another, with progress and seconds by part', async () => {
  const verifier = createVerifier();
  const seen: number[] = [];
  const other = randomRound({ seed: 10, trainers: 16, N: 64 });
  const results = await Promise.all([
    prover.prove(round.statement, round.vectors, { onProgress: (done) => void seen.push(done) }),
    prover.prove(other.statement, other.vectors),
  ]);
  for (const [k, { statement }] of [round, other].entries()) {
    const { srs } = { srs: await developmentSrs(6, { cacheDir: folder }) };
    const { verificationKey } = circuit;
    const checks = await verifier.verify(statement, results[k]!.proof, { srs, verificationKey });
    expect(checks.filter((c) => !c.ok)).toEqual([]);
    expect(checks).toHaveLength(8);
  }
  expect(seen.at(-1)).toBeCloseTo(1);
  const { seconds } = results[0]!;
  expect(seconds.total).toBeGreaterThanOrEqual(seconds.circuit);
  await verifier.close();
});

it('lets the event loop turn while it proves', async () => {
  const N = 2 ** 14;
  const large = await createProver({ srs: await developmentSrs(14, { cacheDir: folder }), circuit });
  const long = randomRound({ seed: 11, trainers: 16, N });
  // Turns of the loop at each report: where one part worked on this thread, its report would come in the same turn.
  let turns = 0;
  const watch = setInterval(() => turns++, 1);
  const at: number[] = [];
  await large.prove(long.statement, long.vectors, { onProgress: () => void at.push(turns) });
  clearInterval(watch);
  await large.close();
  expect(new Set(at).size).toBeGreaterThan(5);
});

it("refuses weights that are not the rule's before any work", async () => {
  const shares = [...round.statement.shares];
  shares[0]!--;
  await expect(prover.prove({ ...round.statement, shares }, round.vectors)).rejects.toMatchObject({
    code: 'E_PROOF_INPUT',
    facts: { trainer: 0, expectedShare: round.statement.shares[0] },
  });
});

it('names the check that fails where a commitment is not that of the payload', async () => {
  const commitments = round.statement.commitments.map((c, i) => (i === 1 ? addPoints([c, G1_GENERATOR]) : c));
  await expect(prover.prove({ ...round.statement, commitments }, round.vectors)).rejects.toMatchObject({
    code: 'E_PROOF_REJECTED',
    facts: { check: 'opening' },
  });
});

it('stops when aborted, also in the circuit, and proves again', async () => {
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

it('refuses the development string on a real chain', async () => {
  await expect(prover.prove({ ...round.statement, chainId: 56 }, round.vectors)).rejects.toMatchObject({
    code: 'E_SRS_INSECURE',
  });
});

it('builds a padded statement from what the chain holds', () => {
  const { statement } = round;
  const built = roundStatement({
    ...statement,
    references: [statement.commitments[0]!],
    updates: [statement.commitments[1]!, statement.commitments[2]!, null, statement.commitments[4]!],
    weights: statement.weights.slice(0, 4),
    shares: statement.shares.slice(0, 4),
  });
  expect(built).toEqual(statement);
  const updates = new Array(17).fill(null);
  expect(() => roundStatement({ ...statement, references: [], updates })).toThrowError(
    expect.objectContaining({ code: 'E_STATEMENT_INVALID' }),
  );
});
