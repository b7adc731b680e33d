import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHARE_ONE } from '@chorus/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';

let scratch: string;
let kept: string;
// biome-ignore lint/suspicious/noExplicitAny: documents are read as a reader of the JSON would
let report: any;

// biome-ignore lint/suspicious/noExplicitAny: as above
async function chorus(args: string[]): Promise<any> {
  const outcome = await runChorus(args);
  expect(outcome.code, outcome.stderr).toBe(0);
  return JSON.parse(outcome.stdout);
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'chorus-projection-test-'));
  kept = join(scratch, 'kept');
  const args = ['demo', '--nodes', '5', '--rounds', '2', '--attack', 'replay-reference', '--seed', '3'];
  report = await chorus([...args, '--no-agents', '--json', `--keep=${kept}`]);
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** Processes, a chain with the deployed verifier, real proofs. */
describe('a network that scores by reference-projection', () => {
  it('settles every round with a proof, and all nodes come to the same model', () => {
    expect(report.rounds).toHaveLength(2);
    for (const round of report.rounds) {
      expect(round.proof).toBe('ok');
      expect(round.agreement.same).toBe(round.agreement.of);
    }
    expect(report.modelOpensCommitment).toBe(true);
    expect(report.ledger.balanced).toBe(true);
  });

  it('pays a trainer that sends the last references nothing after the first round', () => {
    for (const round of report.rounds.slice(1)) {
      const rider = round.trainers.find((t: { attack: string | null }) => t.attack === 'replay-reference');
      expect(rider.share).toBeLessThan(0.001);
      const honest = round.trainers.filter((t: { attack: string | null }) => t.attack === null);
      for (const trainer of honest) expect(trainer.share).toBeGreaterThan(0.1);
    }
  });

  it('explains a round from its matrix: weights, shares and rewards', async () => {
    const why = await chorus(['why', '1', '2', '--json', '--network', kept]);
    expect(why).toMatchObject({
      rule: 'reference-projection',
      agreesWithChain: true,
      matrixIsProven: true,
      paidAsAgreed: true,
      missing: null,
    });
    const scores = why.trainers.map((t: { arithmetic: { projection: string; gate: number } }) => {
      const { projection, gate } = t.arithmetic;
      return BigInt(projection) * BigInt(gate) ** 4n;
    });
    const total = scores.reduce((sum: bigint, score: bigint) => sum + score, 0n);
    for (const [i, trainer] of why.trainers.entries()) {
      expect(BigInt(trainer.chain.share)).toBe((BigInt(SHARE_ONE) * scores[i]) / total);
    }
  });
});
