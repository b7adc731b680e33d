import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createAdminClient, readAdmin } from '@chorus/admin-api';
import { startDevnet } from '@chorus/chain';
import { decodeSummaryResponse, fromHex, type RoundSummary, SHARE_ONE, toHex } from '@chorus/protocol';
import { parseConfig, startNode } from '@chorus/service-training';
import { createTrainer, decodeGlobalModel, globalParameters } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { checkRound } from '../../apps/web/src/proof/check-round.ts';

let scratch: string;
/** The network that `demo --keep` left. */
let kept: string;
// biome-ignore lint/suspicious/noExplicitAny: documents are read as a reader of the JSON would
let report: any;
let untouched: string[];

interface Answer extends Outcome {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  json: any;
}

/** A home of its own, so that a command remembers nothing of this machine. */
const homeAt = (name: string) => ({
  HOME: join(scratch, name),
  XDG_DATA_HOME: join(scratch, name, '.local', 'share'),
});

/** It knows of no other network than the one kept here. */
const surroundings = (env: NodeJS.ProcessEnv = {}) => ({
  env: {
    ...process.env,
    ...homeAt('home'),
    // As if from a terminal with colours, whatever the tests run in.
    FORCE_COLOR: undefined,
    NO_COLOR: undefined,
    TERM: 'xterm-256color',
    TMPDIR: join(scratch, 'tmp'),
    // Caches stay where they are: a reference string need not be made again.
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    ...env,
  },
});

const answerOf = (args: string[], outcome: Outcome): Answer => ({
  ...outcome,
  json: args.includes('--json') && outcome.stdout ? JSON.parse(outcome.stdout) : null,
});

const chorus = async (args: string[], env?: NodeJS.ProcessEnv) =>
  answerOf(args, await runChorus(args, surroundings(env)));

/** The same in a process of its own. */
const chorusProcess = async (args: string[], env?: NodeJS.ProcessEnv) =>
  answerOf(args, await outcomeOf(startChorus(args, surroundings(env))));

/** Every file below a folder with the hash of its content. */
async function fingerprints(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  const lines = files.sort().map(async (path) => {
    const hash = createHash('sha256').update(await readFile(path));
    return `${relative(folder, path)} ${hash.digest('hex')}`;
  });
  return Promise.all(lines);
}

const failing = ({ json }: Answer): string[] =>
  json.checks.flatMap((c: { check: string; ok: boolean }) => (c.ok ? [] : [c.check]));

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'chorus-inspect-test-'));
  await mkdir(join(scratch, 'tmp'));
  kept = join(scratch, 'kept');
  // `reference-projection` is inspected in projection.test.ts.
  const rule = ['--rule', 'reference-trust'];
  const args = [
    'demo',
    '--nodes',
    '6',
    '--rounds',
    '2',
    '--attack',
    'sign',
    '--seed',
    '3',
    '--json',
    ...rule,
  ];
  const demo = await chorusProcess([...args, `--keep=${kept}`]);
  expect(demo.code, demo.stderr).toBe(0);
  report = demo.json;
  untouched = await fingerprints(kept);
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

describe('chorus demo', () => {
  it('trains, pays honest trainers, pays a sign flipper nothing, and balances to the last unit', async () => {
    expect(report.rounds).toHaveLength(2);
    // Two rounds of two trainers are far from guessing among ten, and need not rise one by one.
    expect(report.finalAccuracy).toBeGreaterThan(0.5);
    expect(report.finalAccuracy).toBe(report.rounds[1].accuracy);
    for (const round of report.rounds) {
      // Six nodes and the requester's.
      expect(round.agreement).toEqual({ same: 7, of: 7 });
      expect(round.gas).toBeGreaterThan(100_000);
      const [attacker] = round.trainers.filter((t: { attack: string | null }) => t.attack === 'sign');
      expect(attacker).toMatchObject({ weight: 0, share: 0, reward: '0' });
      expect(attacker.reason).toContain('points away from the reference');
      const honest = round.trainers.filter((t: { attack: string | null }) => t.attack === null);
      expect(honest).toHaveLength(2);
      for (const trainer of honest) expect(BigInt(trainer.reward)).toBeGreaterThan(0n);
    }
    const { escrowed, slashed, paid, fees, remaining, staked, held } = report.ledger;
    expect(BigInt(escrowed) + BigInt(slashed)).toBe(BigInt(paid) + BigInt(fees) + BigInt(remaining));
    expect(BigInt(staked)).toBe(BigInt(held) + BigInt(slashed));
    const rewards = report.rounds.flatMap((r: { trainers: { reward: string }[] }) =>
      r.trainers.map((t) => BigInt(t.reward)),
    );
    expect(rewards.reduce((a: bigint, b: bigint) => a + b, 0n)).toBe(BigInt(paid));
    expect(report.modelOpensCommitment).toBe(true);
    // All it left is what its options say it keeps.
    expect(await readdir(join(scratch, 'tmp'))).toEqual([]);
  });

  it('serves the trained model as an agent, which another asks and pays, and accounts to the last unit', () => {
    const CENT = 10n ** 16n;
    const [reader, desk] = report.agents;
    expect(reader).toMatchObject({ name: 'Digit reader', node: 'trainer-1', calls: 1, paid: '0' });
    expect(desk).toMatchObject({ name: 'Front desk', calls: 1, paid: String(2n * CENT) });
    expect([reader.earned, desk.earned]).toEqual([String(2n * CENT), String(3n * CENT)]);
    expect(report.agentLedger).toEqual({
      paid: String(5n * CENT),
      earned: String(5n * CENT),
      balanced: true,
    });
    expect(report.agentCall.confidence).toBeGreaterThan(0.1);
    expect(report.agentCall.label).toMatch(/^\d$/);
  });
});

describe('chorus demo --keep', () => {
  it('leaves a folder that nothing below changes, and refuses one that is in use', async () => {
    expect(report).toMatchObject({ folder: kept, modelOpensCommitment: true });
    const again = await chorus(['demo', `--keep=${kept}`]);
    expect(again.code).toBe(64);
    expect(again.stderr).toContain('needs an empty folder');
  });
});

describe('chorus proof', () => {
  it('lists the rounds of the network kept last, each proof checked again', async () => {
    const { code, json } = await chorusProcess(['proof', 'list', '--json']);
    expect(code).toBe(0);
    expect(json).toMatchObject({ task: '1', rounds: 2, status: 'ended' });
    expect(json.settled).toHaveLength(2);
    for (const [i, settled] of json.settled.entries()) {
      const { transaction, gas, trainers } = report.rounds[i];
      const paid = trainers.reduce((sum: bigint, t: { reward: string }) => sum + BigInt(t.reward), 0n);
      expect(settled).toMatchObject({
        round: i + 1,
        transaction,
        gasUsed: gas,
        paid: paid.toString(),
        proofOk: true,
        fault: null,
      });
    }
  });

  it('shows what was proven: commitments and digests of every row, public values, and the proof', async () => {
    const { code, json } = await chorus(['proof', 'show', '1', '2', '--json', '--network', kept]);
    expect(code).toBe(0);
    const round = report.rounds[1];
    expect(json).toMatchObject({ task: '1', round: 2, transaction: round.transaction, circuitRows: 16 });
    expect(json.references).toHaveLength(3);
    for (const [i, trainer] of json.trainers.entries()) {
      const { address, weightUnits, shareUnits } = round.trainers[i];
      expect(trainer).toMatchObject({ row: i + 1, address, weight: weightUnits, share: shareUnits });
      expect(trainer.digest).toMatch(/^0x[0-9a-f]{64}$/);
    }
    const weights = json.trainers.reduce(
      (word: bigint, t: { weight: number }, i: number) => word + (BigInt(t.weight) << BigInt(17 * i)),
      0n,
    );
    expect(BigInt(json.public.weightWords[0])).toBe(weights);
    for (const name of ['alpha', 'beta', 'z', 'gamma', 'gramHash', 'innerProduct']) {
      expect(json.public[name]).toMatch(/^0x[0-9a-f]{64}$/);
    }
    expect(json.proof.evaluations).toHaveLength(6);
  });

  it('verifies a round against the chain, check by check', async () => {
    const { code, json } = await chorus(['proof', 'verify', '1', '1', '--json', '--network', kept]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ ok: true, task: '1', round: 1 });
    expect(json.checks.map((c: { check: string }) => c.check)).toEqual([
      'keys',
      'record',
      'reference string',
      'statement',
      'field elements',
      'points',
      'challenge',
      'inner product',
      'opening',
      'rule',
    ]);
  });

  it('exports files that verify offline, and names what is wrong with altered ones', async () => {
    const nowhere = homeAt('nothing');
    const verify = (path: string) => chorus(['proof', 'verify', '--file', path, '--json'], nowhere);
    const files = { json: join(scratch, 'round-2.json'), cbor: join(scratch, 'round-2.cbor') };
    await Promise.all(
      Object.entries(files).map(async ([format, path]) => {
        const args = ['proof', 'export', '1', '2', '-o', path, '--format', format, '--json'];
        expect((await chorus(args)).json).toMatchObject({ format, round: 2 });
      }),
    );
    const original = JSON.parse(await readFile(files.json, 'utf8'));
    const alter = async (name: string, change: (file: typeof original) => void): Promise<string> => {
      const file = structuredClone(original);
      change(file);
      const path = join(scratch, `${name}.json`);
      await writeFile(path, `${JSON.stringify(file, null, 2)}\n`);
      return path;
    };
    const flip = (hex: string) => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0');
    const share = await alter('share', (file) => {
      const paid = file.statement.shares.findIndex((units: number) => units > 0);
      file.statement.shares[paid] -= 1;
    });
    const rule = await alter('rule', (file) => {
      // A valid point of the curve, and not the proof's.
      file.proof.groth16.a = `0x${'1'.padStart(64, '0')}${'2'.padStart(64, '0')}`;
    });
    const srs = await alter('srs', (file) => (file.srs.digest = flip(file.srs.digest)));
    const cut = join(scratch, 'cut.cbor');
    await writeFile(cut, (await readFile(files.cbor)).subarray(0, -1));

    for (const path of Object.values(files)) {
      const good = await verify(path);
      expect(good.json).toMatchObject({ ok: true, task: '1', round: 2, chainId: 31337 });
      expect(good.code).toBe(0);
    }
    const [a, b, c, d] = await Promise.all([share, rule, srs, cut].map(verify));
    expect([a, b, c, d].map((outcome) => outcome!.code)).toEqual([1, 1, 1, 1]);
    // Another share, other challenges: nothing opened at them fits any more.
    expect(failing(a!)).toEqual(['inner product', 'opening', 'rule']);
    expect(failing(b!)).toEqual(['rule']);
    expect(failing(c!)).toEqual(['reference string']);
    expect(failing(d!)).toEqual(['file']);
    const spoken = await chorusProcess(['proof', 'verify', '--file', share], nowhere);
    expect(spoken.code).toBe(1);
    expect(spoken.stdout).toContain('the check "inner product" failed');
    // Colours are for terminals.
    expect(spoken.stdout).not.toContain('\u001b');
  });
});

describe('chorus why', () => {
  it('gives the whole arithmetic of every trainer, from the dot product to the reward', async () => {
    const { code, json } = await chorusProcess(['why', '1', '2', '--json', '--network', kept]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ agreesWithChain: true, matrixIsProven: true, paidAsAgreed: true });
    expect(json.missing).toBeNull();
    const pool = BigInt(json.money.pool);
    for (const [i, trainer] of json.trainers.entries()) {
      const { arithmetic: a, chain } = trainer;
      const expected = report.rounds[1].trainers[i];
      expect(chain.reward).toBe(expected.reward);
      expect(trainer.name).toBe(expected.id);
      expect(trainer.reason).toBe(expected.reason);
      // The rule once more, in the test's own words.
      const clip = Math.min(65536, Math.floor((65536 * json.medians.norm) / a.norm));
      const cosine = BigInt(a.dot) / BigInt(a.norm);
      const half = (131072n * cosine) / BigInt(json.medians.cosine);
      const trust = half < 65536n ? Number(half) : 65536;
      expect(a).toMatchObject({ clip, cosine: cosine.toString(), trust, mass: trust * clip });
      expect(chain.weight).toBe(Math.floor((65536 * a.mass) / json.totals.mass));
      const score = BigInt(a.dot) * BigInt(clip);
      expect(BigInt(chain.share)).toBe((BigInt(SHARE_ONE) * score) / BigInt(json.totals.score));
      expect(BigInt(chain.reward)).toBe((pool * BigInt(chain.share)) / BigInt(SHARE_ONE));
    }
    const attacker = json.trainers.find((t: { name: string }) => t.name === 'trainer-3');
    expect(attacker).toMatchObject({ chain: { weight: 0, share: 0, reward: '0' } });
    expect(attacker.reason).toContain('points away from the reference');
  });

  it('takes a trainer by name, row or address, and says who there is where there is no such one', async () => {
    const [{ address, id }] = report.rounds[0].trainers;
    const asked = [id, '1', address.toUpperCase().replace('0X', '0x'), 'mallory'];
    const [byName, byRow, byAddress, unknown] = await Promise.all(
      asked.map((who) => chorus(['why', '1', '1', who, '--json', '--network', kept])),
    );
    expect(byName!.json.trainers).toHaveLength(1);
    expect(byRow!.json).toEqual(byName!.json);
    expect(byAddress!.json).toEqual(byName!.json);
    expect(unknown!.code).toBe(1);
    expect(unknown!.stderr).toContain('E_TRAINER_UNKNOWN');
    expect(unknown!.stderr).toContain('trainer-3');
  });
});

describe('chorus model', () => {
  it('checks a published model against the chain, and refuses altered ones', async () => {
    const file = join(scratch, 'model.chorus');
    const got = await chorusProcess(['model', 'get', '-o', file, '--format', 'chorus', '--json']);
    expect(got.json).toMatchObject({ source: 'aggregates', written: true, ok: true, afterRound: 2 });
    const bytes = await readFile(file);
    const alter = async (name: string, at: number): Promise<string> => {
      const altered = Buffer.from(bytes);
      altered[at]! ^= 1;
      await writeFile(join(scratch, name), altered);
      return join(scratch, name);
    };
    const models = [
      report.modelCid,
      await alter('sum.chorus', bytes.length - 8),
      await alter('base.chorus', 16),
      await alter('magic.chorus', 0),
    ];
    const [published, sum, base, magic] = await Promise.all(
      models.map((model) => chorus(['model', 'verify', model, '--task', '1', '--json', '--network', kept])),
    );
    expect(published!.code).toBe(0);
    expect(published!.json).toMatchObject({ ok: true, afterRound: 2, rounds: 2 });
    const madeOf = report.rounds.map((r: { round: number; trainers: { weightUnits: number }[] }) =>
      expect.objectContaining({
        round: r.round,
        trainers: r.trainers
          .filter((t) => t.weightUnits > 0)
          .map((t) => expect.objectContaining({ weight: t.weightUnits })),
      }),
    );
    expect(published!.json.madeOf).toEqual(madeOf);
    expect([sum, base, magic].map((outcome) => outcome!.code)).toEqual([1, 1, 1]);
    expect(failing(sum!)).toEqual(['history']);
    expect(sum!.json).toMatchObject({ afterRound: null, madeOf: [] });
    expect(failing(base!)).toEqual(['base']);
    expect(failing(magic!)).toEqual(['file']);
  });

  it('is had as ordinary ONNX with the trained parameters in it', async () => {
    const [onnx, chorusFile] = [join(scratch, 'model.onnx'), join(scratch, 'again.chorus')];
    await Promise.all([
      chorus(['model', 'get', '-o', onnx]),
      chorus(['model', 'get', '-o', chorusFile, '--format', 'chorus']),
    ]);
    const trainer = await createTrainer({
      model: new Uint8Array(await readFile(onnx)),
      loss: { kind: 'softmax-cross-entropy' },
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    });
    const expected = globalParameters(decodeGlobalModel(new Uint8Array(await readFile(chorusFile))));
    expect(trainer.initial).toEqual(expected);
    await trainer.close();
    // What `model get` wrote, `model verify` takes; with a weight changed it does not.
    const altered = Buffer.from(await readFile(onnx));
    altered[altered.length >> 1]! ^= 1;
    await writeFile(join(scratch, 'altered.onnx'), altered);
    const [good, bad] = await Promise.all(
      [onnx, join(scratch, 'altered.onnx')].map((path) => chorus(['model', 'verify', path, '--json'])),
    );
    expect(good!.json).toMatchObject({ ok: true, afterRound: 2 });
    expect(good!.code).toBe(0);
    expect([bad!.code, failing(bad!)]).toEqual([1, ['onnx']]);
  });

  it('a trained model answers as an agent, from two exported files and by the id of its task alike', async () => {
    const exported = join(scratch, 'digits');
    expect((await chorus(['agent', 'init', exported, '--from-task', '1'])).code).toBe(0);
    const named = join(scratch, 'named.yaml');
    await writeFile(named, 'chorus: agent/1\nname: Named\nmodel: { network: { task: 1 } }\n');
    const sample = JSON.stringify(Array.from({ length: 784 }, (_, i) => (i % 28) / 28));
    const answers = await Promise.all(
      [`${exported}.yaml`, named].map((file) =>
        chorus(['agent', 'run', file, '--message', sample, '--json']),
      ),
    );
    expect(answers.map(({ code }) => code)).toEqual([0, 0]);
    const [one, other] = answers.map(({ json }) => json.data[0].value);
    expect(one).toMatchObject({ label: expect.stringMatching(/^\d$/), confidence: expect.any(Number) });
    expect(other).toEqual(one);
    // Nothing of the network is needed any more.
    const alone = await chorus(['agent', 'check', `${exported}.yaml`, '--json'], homeAt('elsewhere'));
    expect({ code: alone.code, ok: alone.json.ok }).toEqual({ code: 0, ok: true });
  });
});

describe('a network that has lost something', () => {
  it('says why without any vector, and its model is the published one where an aggregate is missing', async () => {
    const copy = join(scratch, 'holed');
    await cp(kept, copy, { recursive: true });
    const { json } = await chorus(['why', '1', '1', '--json', '--network', kept]);
    const summaries = JSON.parse(await readFile(join(copy, 'summaries.json'), 'utf8'));
    const summary = decodeSummaryResponse(fromHex(summaries['1/1'])) as RoundSummary;
    // A file of this size is one block, whose content hashes to its digest.
    const blocks = await fingerprints(join(copy, 'requester', 'blocks'));
    const digest = toHex(summary.aggregate!).slice(2);
    const block = blocks.find((line) => line.endsWith(digest))!.split(' ')[0]!;
    await rm(join(copy, 'requester', 'blocks', block));
    expect((await chorus(['why', '1', '1', '--json', '--network', copy])).json).toEqual(json);

    const got = await chorus(['model', 'get', '-o', join(scratch, 'p.onnx'), '--json', '--network', copy]);
    expect(got.json).toMatchObject({ source: 'published', ok: true, written: true });
  });

  it('takes no matrix for the one that was proven but that one', async () => {
    const copy = join(scratch, 'forged');
    await cp(kept, copy, { recursive: true });
    const file = join(copy, 'summaries.json');
    const summaries = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...summaries, '1/1': summaries['1/2'] }));
    const { json } = await chorus(['why', '1', '1', '--json', '--network', copy]);
    expect(json).toMatchObject({ agreesWithChain: null, matrixIsProven: null });
    expect(json.missing).toContain('no peer has sent the Gram matrix');
    expect(json.trainers[0]).toMatchObject({ measured: null, arithmetic: null });
    const got = await chorus(['why', '1', '2', '--json', '--network', copy]);
    expect(got.json).toMatchObject({ agreesWithChain: true, matrixIsProven: true });
  });
});

describe('a network that runs', () => {
  it('is looked into over its endpoint and its peers', async () => {
    const copy = join(scratch, 'live');
    await cp(kept, copy, { recursive: true });
    const devnet = await startDevnet({ stateFile: join(copy, 'chain.json'), accounts: 1 });
    const { contract } = report.task;
    const config = parseConfig(
      { dataDir: join(copy, 'requester'), roles: [], chain: { url: devnet.url, contract } },
      'test',
    );
    const node = await startNode(config, () => {});
    try {
      const live = ['--rpc', devnet.url, '--contract', contract];
      const peers = ['--bootstrap', node.ports.network.multiaddrs()[0]!];
      const [why, model, list, blind] = await Promise.all([
        chorus(['why', '1', '2', '--json', ...live, ...peers]),
        chorus(['model', 'verify', report.modelCid, '--task', '1', '--json', ...live, ...peers]),
        chorus(['proof', 'list', '--task', '1', '--json', ...live]),
        chorus(['why', '1', '2', '--json', ...live]),
      ]);
      expect(why!.json).toMatchObject({ agreesWithChain: true, matrixIsProven: true });
      expect(model!.json).toMatchObject({ ok: true, afterRound: 2 });
      expect(list!.json.settled.map((s: { proofOk: boolean }) => s.proofOk)).toEqual([true, true]);
      // What the page of that node checks: of a round, and of one in which something is forged.
      const admin = createAdminClient(await readAdmin(join(copy, 'requester')));
      const proof = await admin.roundProof(1n, 2);
      expect((await checkRound(proof, { task: '1', round: 2 })).checks.filter(({ ok }) => !ok)).toEqual([]);
      proof.settlement.proof.groth16.a = proof.settlement.proof.groth16.c;
      const found = (await checkRound(proof, { task: '1', round: 2 })).checks.filter(({ ok }) => !ok);
      expect(found.map(({ check }) => check)).toEqual(['transaction', 'rule']);
      const { rounds, trainers } = await admin.settledRounds(1n, { last: 1 });
      expect(trainers).toHaveLength(3);
      expect(rounds).toMatchObject([
        { round: 2, weights: proof.settled.weights, rewards: proof.settled.rewards },
      ]);
      await expect(admin.roundProof(1n, 3)).rejects.toMatchObject({ code: 'E_ROUND_NOT_SETTLED' });
      await expect(admin.settledRounds(7n)).rejects.toMatchObject({ code: 'E_CHAIN_UNKNOWN_TASK' });
      // Without peers the chain still says what was paid.
      expect(blind!.json.agreesWithChain).toBe(null);
      expect(blind!.json.trainers[0].chain).toEqual(why!.json.trainers[0].chain);
      expect(blind!.json.missing).toContain('no peer has sent the Gram matrix');
    } finally {
      await node.close();
      await devnet.close();
    }
  });
});

describe('what cannot be answered', () => {
  it.each([
    [['why', '1', '9'], 1, 'E_ROUND_NOT_SETTLED'],
    [['why', '7', '1'], 1, 'E_CHAIN_UNKNOWN_TASK'],
    [['why', 'one', '1'], 64, 'a task id must be a number'],
    [['proof', 'verify', '1'], 64, 'give a task and a round, or --file'],
    [['proof', 'show', '1', '0'], 64, 'a round must be a number from 1'],
    [['proof', 'list', '--rpc', 'http://127.0.0.1:1'], 64, '--rpc and --contract go together'],
    [['proof', 'list', '--network', '/nowhere'], 65, 'E_PROFILE'],
    [['proof', 'verify', '--file', '/nowhere'], 65, 'E_PROOF_FILE'],
    [['model', 'verify', 'not-a-cid'], 65, 'E_MODEL_UNREADABLE'],
    [['model', 'verify', tmpdir()], 65, 'E_MODEL_UNREADABLE'],
    [['model', 'get', '-o', tmpdir()], 64, 'is a folder'],
    [['model', 'get', '-o', 'x', '--format', 'png'], 64, '--format must be trained or chorus'],
  ])('%j ends with %d and says %s', async (args, code, message) => {
    const outcome = await chorus(args);
    expect(outcome.stderr).toContain(message);
    expect(outcome.code).toBe(code);
    expect(outcome.stdout).toBe('');
  });

  it('without any network the command says how to get one', async () => {
    const { code, stderr } = await chorus(['proof', 'list'], homeAt('nothing'));
    expect(code).toBe(64);
    expect(stderr).toContain('chorus demo --keep');
  });

  it('and nothing that was asked has changed the kept network or left a file behind', async () => {
    expect(await fingerprints(kept)).toEqual(untouched);
    expect(await readdir(join(scratch, 'tmp'))).toEqual([]);
  });
});
