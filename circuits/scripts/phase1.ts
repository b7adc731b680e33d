import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curves, powersOfTau } from 'snarkjs';
import {
  BEACON_ITERATIONS_EXPONENT,
  type Contribution,
  hex,
  logger,
  type Phase1,
  sha256,
} from './transcript.ts';

/**
 * Powers of tau for circuits of up to 2^power constraints: a new accumulator, two contributions with fresh entropy, a
 * beacon, and the preparation of phase 2. Every step's file is deleted when the next one exists.
 *
 * All of it happens in this process. Anyone who can read its memory knows tau: good for development, no more.
 *
 * @param folder - where the files are written; a finished phase 1 found there is used
 * @returns the prepared file's path and what the transcript says of it
 */
export async function powersOfTauHere(
  power: number,
  folder: string,
): Promise<{ file: string; phase1: Phase1 }> {
  const known = await finished(power, folder);
  if (known !== undefined) return known;
  await mkdir(folder, { recursive: true });
  const curve = await curves.getCurveFromName('bn128');
  const file = (step: string) => join(folder, `powers-${power}-${step}.ptau`);
  const contributions: Contribution[] = [];

  await powersOfTau.newAccumulator(curve, power, file('0'), logger);
  for (const [from, to] of [
    ['0', '1'],
    ['1', '2'],
  ] as const) {
    const name = `phase 1, contribution ${to}`;
    const hash = hex(
      await powersOfTau.contribute(file(from), file(to), name, randomBytes(64).toString('hex'), logger),
    );
    contributions.push({ name, kind: 'entropy', hash });
    await rm(file(from));
  }
  const beacon = await sha256(contributions.map((c) => c.hash).join(''));
  const hash = await powersOfTau.beacon(
    file('2'),
    file('beacon'),
    'phase 1, beacon',
    beacon,
    BEACON_ITERATIONS_EXPONENT,
    logger,
  );
  if (hash === false) throw new Error('the beacon of phase 1 was refused');
  contributions.push({
    name: 'phase 1, beacon',
    kind: 'beacon',
    hash: hex(hash),
    beacon,
    iterationsExponent: BEACON_ITERATIONS_EXPONENT,
  });
  await rm(file('2'));

  await powersOfTau.preparePhase2(file('beacon'), file('unverified'), logger);
  await rm(file('beacon'));
  if (!(await powersOfTau.verify(file('unverified'), logger))) throw new Error('phase 1 does not verify');
  await rename(file('unverified'), file('prepared'));
  const phase1 = { power, contributions, sha256: await sha256({ file: file('prepared') }) };
  await writeFile(join(folder, `powers-${power}.json`), JSON.stringify(phase1, null, 2));
  return { file: file('prepared'), phase1 };
}

/** A phase 1 that an earlier run finished in this folder, if its file is still the same. */
async function finished(
  power: number,
  folder: string,
): Promise<{ file: string; phase1: Phase1 } | undefined> {
  const file = join(folder, `powers-${power}-prepared.ptau`);
  try {
    const phase1 = JSON.parse(await readFile(join(folder, `powers-${power}.json`), 'utf8')) as Phase1;
    return (await sha256({ file })) === phase1.sha256 ? { file, phase1 } : undefined;
  } catch {
    return undefined;
  }
}
