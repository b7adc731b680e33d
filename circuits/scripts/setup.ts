/**
 * `pnpm circuits:setup`: compiles a rule's contribution circuit and holds the committed keys to the result.
 *
 *   (no option)                   compile n = 16 of each rule, compare r1cs, witness generator, keys and transcript
 *   --rule RULE                   one rule: reference-trust or reference-projection; the options below need it
 *   --ptau FILE                   the same, and verify the proving key against these powers of tau
 *   --new-ceremony                make new keys: phase 1 and phase 2 on this machine, 15 to 30 minutes for n = 16
 *   --new-ceremony --ptau FILE    make new keys from imported powers of tau, prepared for phase 2
 *   --beacon HEX                  with --new-ceremony: a public random value for the end of phase 2
 *   --size 64                     n = 64 instead; its keys are written to build/ and not committed
 *
 * Exits with 1 if anything differs.
 */
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { r1cs as r1csTools, zKey } from 'snarkjs';
import type { CircuitRule, CircuitSize } from '../src/gram.ts';
import { circuitName } from '../src/gram.ts';
import { type CompiledCircuit, compile } from './compile.ts';
import { powersOfTauHere } from './phase1.ts';
import { phase2 } from './phase2.ts';
import { logger, sha256, type Transcript } from './transcript.ts';
import { ceremonyOf } from './zkey.ts';

const PACKAGE = new URL('..', import.meta.url).pathname;
const BUILD = join(PACKAGE, 'build');

const { values: options } = parseArgs({
  options: {
    'new-ceremony': { type: 'boolean', default: false },
    ptau: { type: 'string' },
    beacon: { type: 'string' },
    rule: { type: 'string' },
    size: { type: 'string', default: '16' },
  },
});
if (!['16', '64'].includes(options.size)) throw new Error('--size is 16 or 64');
const size = Number(options.size) as CircuitSize;
const keys = size === 16 ? join(PACKAGE, 'keys') : BUILD;

const RULES: readonly CircuitRule[] = ['reference-trust', 'reference-projection'];
const rules = RULES.filter((rule) => options.rule === undefined || options.rule === rule);
if (rules.length === 0) throw new Error(`--rule is ${RULES.join(' or ')}`);
if (rules.length > 1 && (options['new-ceremony'] || options.ptau !== undefined)) {
  throw new Error('--new-ceremony and --ptau are for one circuit: say which by --rule');
}

await mkdir(BUILD, { recursive: true });
let agrees = true;
for (const rule of rules) {
  const circuit = circuitName(size, rule);
  const compiled = await compile(circuit);
  const r1csFile = join(BUILD, `${circuit}.r1cs`);
  await writeFile(r1csFile, compiled.r1cs);
  await writeFile(join(BUILD, `${circuit}.sym`), compiled.symbols);
  const files = { circuit, r1csFile, keyFile: (name: string) => join(keys, `${circuit}.${name}`) };
  if (options['new-ceremony']) await newCeremony(files, compiled);
  agrees = (await check(files, compiled)) && agrees;
}
process.exit(agrees ? 0 : 1);

interface Files {
  circuit: string;
  r1csFile: string;
  /** Path of a part of the keys. */
  keyFile: (name: string) => string;
}

async function newCeremony(files: Files, compiled: CompiledCircuit): Promise<void> {
  const { circuit, r1csFile, keyFile } = files;
  const info = (await r1csTools.info(r1csFile)) as Record<string, number>;
  const constraints = info.nConstraints!;
  // snarkjs adds a row for each public signal and the constant.
  const power = Math.ceil(Math.log2(constraints + info.nPubInputs! + 1));
  const { file: ptau, phase1 } =
    options.ptau === undefined
      ? await powersOfTauHere(power, BUILD)
      : {
          file: options.ptau,
          phase1: { power, contributions: [], sha256: await sha256({ file: options.ptau }) },
        };
  const result = await phase2(r1csFile, ptau, BUILD, options.beacon);

  await mkdir(keys, { recursive: true });
  await copyFile(result.zkey, keyFile('zkey'));
  await writeFile(keyFile('wasm'), compiled.wasm);
  const vkey = vkeyText(await zKey.exportVerificationKey(keyFile('zkey')));
  await writeFile(keyFile('vkey.json'), vkey);
  const transcript: Transcript = {
    circuit,
    constraints,
    wires: info.nVars!,
    publicSignals: publicSignalNames(compiled.symbols, info.nPubInputs!),
    tools: Object.fromEntries(['circom2', 'circomlib', 'snarkjs'].map((name) => [name, version(name)])),
    sha256: {
      r1cs: await sha256(compiled.r1cs),
      wasm: await sha256(compiled.wasm),
      zkey: await sha256({ file: keyFile('zkey') }),
      verificationKey: await sha256(vkey),
    },
    trust:
      options.ptau === undefined
        ? 'All contributions to both phases were made by one program on one machine: keys for development.'
        : 'Phase 1 was imported; all contributions to phase 2 were made by one program on one machine.',
    phase1,
    phase2: result.phase2,
  };
  await writeFile(keyFile('transcript.json'), `${JSON.stringify(transcript, null, 2)}\n`);
}

/** Compares everything that belongs together and prints each comparison. */
async function check({ circuit, r1csFile, keyFile }: Files, compiled: CompiledCircuit): Promise<boolean> {
  const transcript = JSON.parse(await readFile(keyFile('transcript.json'), 'utf8')) as Transcript;
  const vkey = await readFile(keyFile('vkey.json'), 'utf8');
  const parsed = JSON.parse(vkey);
  const checks: [string, boolean][] = [
    ['compiled r1cs is the ceremony’s', (await sha256(compiled.r1cs)) === transcript.sha256.r1cs],
    [
      'compiled witness generator is the ceremony’s',
      (await sha256(compiled.wasm)) === transcript.sha256.wasm,
    ],
    ['stored witness generator', (await sha256({ file: keyFile('wasm') })) === transcript.sha256.wasm],
    ['stored proving key', (await sha256({ file: keyFile('zkey') })) === transcript.sha256.zkey],
    ['stored verification key', (await sha256(vkey)) === transcript.sha256.verificationKey],
    ['the proving key holds it', vkeyText(await zKey.exportVerificationKey(keyFile('zkey'))) === vkey],
    [
      'the proving key holds the transcript’s phase 2',
      isDeepStrictEqual(ceremonyOf(await readFile(keyFile('zkey'))), transcript.phase2),
    ],
    ['gamma and delta differ', JSON.stringify(parsed.vk_gamma_2) !== JSON.stringify(parsed.vk_delta_2)],
  ];
  for (const name of Object.keys(transcript.tools)) {
    checks.push([`${name} ${transcript.tools[name]}`, version(name) === transcript.tools[name]]);
  }
  if (options.ptau !== undefined) {
    const same = (await sha256({ file: options.ptau })) === transcript.phase1.sha256;
    checks.push(['powers of tau are the ceremony’s', same]);
    checks.push([
      'proving key verifies against circuit and powers of tau',
      await zKey.verifyFromR1cs(r1csFile, options.ptau, keyFile('zkey'), logger),
    ]);
  }
  for (const [what, holds] of checks) console.log(`${holds ? 'ok     ' : 'DIFFERS'}  ${what}`);
  console.log(`${circuit}: ${transcript.constraints} constraints, r1cs ${transcript.sha256.r1cs}`);
  return checks.every(([, holds]) => holds);
}

function vkeyText(vkey: Record<string, unknown>): string {
  // The precomputed pairing is of no use to a verifier on chain, and not canonical.
  const { vk_alphabeta_12: _, ...rest } = vkey;
  return `${JSON.stringify(rest, null, 2)}\n`;
}

/** Names of wires 1..count: the public inputs in the verifier's order. */
function publicSignalNames(symbols: string, count: number): string[] {
  const byWire = new Map(
    symbols.split('\n').map((line) => [line.split(',')[1], line.split(',')[3]] as const),
  );
  return Array.from({ length: count }, (_, k) => byWire.get(String(k + 1))!.replace('main.', ''));
}

function version(name: string): string {
  const installed = join(PACKAGE, 'node_modules', name, 'package.json');
  return JSON.parse(readFileSync(installed, 'utf8')).version;
}
