import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDecoder, readAdapter, tinyModel } from '@chorus/language-models';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';

const SEED = 5;
let scratch: string;
// biome-ignore lint/suspicious/noExplicitAny: documents are read as a reader of the JSON would
let report: any;

const surroundings = () => ({
  env: {
    ...process.env,
    HOME: join(scratch, 'home'),
    XDG_DATA_HOME: join(scratch, 'home', '.local', 'share'),
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    TMPDIR: join(scratch, 'tmp'),
  },
});
const chorus = (...args: string[]) => runChorus(args, surroundings());

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'chorus-llm-test-'));
  await mkdir(join(scratch, 'tmp'));
  const args = ['demo', '--llm', '--nodes', '3', '--rounds', '2', '--seed', String(SEED)];
  const kept = [`--keep=${join(scratch, 'kept')}`, '--json'];
  const demo = await outcomeOf(startChorus([...args, ...kept], surroundings()));
  expect(demo.code, demo.stderr).toBe(0);
  report = JSON.parse(demo.stdout);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

it('nodes train adapters of a language model on texts of their own: the loss on held-out text falls with every proven round', () => {
  const losses = [report.initial, ...report.rounds].map(({ loss }) => loss);
  expect(losses).toHaveLength(3);
  expect(losses[1]).toBeLessThan(losses[0]);
  expect(losses[2]).toBeLessThan(losses[1]);
  for (const round of report.rounds) {
    expect(round.proof).toBe('ok');
    // Three nodes and the requester's.
    expect(round.agreement).toEqual({ same: 4, of: 4 });
  }
  expect(report.modelOpensCommitment).toBe(true);
  expect(report.ledger.balanced).toBe(true);
});

it('the tuned model is served as an agent, hired by another one, called over libp2p and paid, to the last unit', () => {
  expect(report.agentCall.question).toMatch(/^Continue: \w/);
  expect(report.agentCall.text.length).toBeGreaterThan(0);
  expect(report.agents).toMatchObject([
    { name: 'Writer', calls: 1, earned: '20000000000000000' },
    { name: 'Front desk', calls: 1, earned: '30000000000000000', paid: '20000000000000000' },
  ]);
  expect(report.agentLedger).toMatchObject({ balanced: true, paid: '50000000000000000' });
});

it('those who trained the model are paid for its use, by what each earned in the task, to the last unit', () => {
  const { royalties, rounds } = report;
  // 40 % of what the fee of 1 % leaves of 0.02.
  expect(royalties).toMatchObject({
    balanced: true,
    paid: '20000000000000000',
    trainers: '7920000000000000',
  });
  const earned = (id: string): bigint =>
    rounds
      .flatMap((round: { trainers: { id: string; reward: string }[] }) => round.trainers)
      .filter((trainer: { id: string }) => trainer.id === id)
      .reduce((sum: bigint, { reward }: { reward: string }) => sum + BigInt(reward), 0n);
  const ids: string[] = rounds[0].trainers.map(({ id }: { id: string }) => id).sort();
  const all = ids.reduce((sum, id) => sum + earned(id), 0n);
  const due = ids.map((id) => ({ id, amount: ((7_920_000_000_000_000n * earned(id)) / all).toString() }));
  expect(royalties.claimed).toEqual(due.filter(({ amount }) => amount !== '0'));
});

it('an agent is made of the two files of the tuned model, and answers without the network', async () => {
  const file = join(scratch, 'scribe');
  const made = await chorus('agent', 'init', file, '--from-task', '1', '--json');
  expect(made.code, made.stderr).toBe(0);
  expect(JSON.parse(made.stdout)).toMatchObject({ template: 'language', rounds: [1, 2] });
  expect(await readFile(`${file}.yaml`, 'utf8')).toContain('adapter: "./scribe.adapter.gguf"');
  const checked = await chorus('agent', 'check', `${file}.yaml`, '--json');
  const { checks } = JSON.parse(checked.stdout) as {
    checks: { check: string; ok: boolean; detail: string }[];
  };
  expect(checks).toContainEqual(expect.objectContaining({ check: 'model', ok: true }));
  // A model of random weights may have ended its answer at once: then it has answered, with nothing.
  const failed = checks.filter(({ ok, detail }) => !ok && !detail.includes('answers with an empty text'));
  expect(failed, checked.stdout).toEqual([]);
  expect(checks.map(({ check }) => check)).toContain('answer');
});

it('the trained adapter is a GGUF file for the base model, and opens the history on chain', async () => {
  const file = join(scratch, 'adapter.gguf');
  const got = await chorus('model', 'get', '-o', file, '--json');
  expect(got.code, got.stderr).toBe(0);
  expect(JSON.parse(got.stdout)).toMatchObject({ written: true, format: 'gguf', afterRound: 2 });
  const bytes = new Uint8Array(await readFile(file));
  const decoder = openDecoder(tinyModel({ seed: SEED }));
  const { alpha, weights } = readAdapter(bytes, decoder);
  expect(alpha).toBe(16);
  expect([...weights.keys()]).toEqual(
    [0, 1].flatMap((layer) =>
      ['q_proj', 'v_proj'].map((part) => `model.layers.${layer}.self_attn.${part}.weight`),
    ),
  );
  expect([...weights.values()].some(({ b }) => b.some((value) => value !== 0))).toBe(true);

  const verified = await chorus('model', 'verify', file, '--json');
  expect(verified.code, verified.stderr).toBe(0);
  const { ok, checks } = JSON.parse(verified.stdout);
  expect(ok).toBe(true);
  expect(checks.map(({ check }: { check: string }) => check)).toContain('gguf');

  const changed = bytes.slice();
  changed[changed.length - 1]! ^= 1;
  await writeFile(file, changed);
  const refused = await chorus('model', 'verify', file, '--json');
  expect(refused.code).not.toBe(0);
  const failed = JSON.parse(refused.stdout).checks.filter((each: { ok: boolean }) => !each.ok);
  expect(failed).toMatchObject([{ check: 'gguf' }]);
});
