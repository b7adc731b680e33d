import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { zKey } from 'snarkjs';
import {
  BEACON_ITERATIONS_EXPONENT,
  type Contribution,
  hex,
  logger,
  sha256,
  type Transcript,
} from './transcript.ts';

/** Contributions with fresh entropy before the beacon. */
const CONTRIBUTIONS = 3;

/**
 * Phase 2 of the ceremony for one circuit: the initial key from the powers of tau, three contributions with fresh
 * entropy, and a beacon; the result is verified against the circuit and the powers of tau.
 *
 * @param r1cs - path of the constraint system
 * @param ptau - path of powers of tau prepared for phase 2
 * @param folder - where the keys of the steps are written; all but the last are deleted
 * @param beacon - hex; without it, the hash of the contributions so far, which no one knew before they were made
 *   but which the last contributor could have picked among many
 */
export async function phase2(
  r1cs: string,
  ptau: string,
  folder: string,
  beacon?: string,
): Promise<{ zkey: string; phase2: Transcript['phase2'] }> {
  const file = (step: number | string) => join(folder, `phase-2-${step}.zkey`);
  const circuitHash = await zKey.newZKey(r1cs, ptau, file(0), logger);
  if (circuitHash === -1) throw new Error('the powers of tau are too few for this circuit, or not prepared');

  const contributions: Contribution[] = [];
  for (let k = 1; k <= CONTRIBUTIONS; k++) {
    const name = `phase 2, contribution ${k}`;
    const entropy = randomBytes(64).toString('hex');
    contributions.push({
      name,
      kind: 'entropy',
      hash: hex(await zKey.contribute(file(k - 1), file(k), name, entropy, logger)),
    });
    await rm(file(k - 1));
  }
  const name = 'phase 2, beacon';
  const value = beacon ?? (await sha256(contributions.map((c) => c.hash).join('')));
  const hash = await zKey.beacon(
    file(CONTRIBUTIONS),
    file('final'),
    name,
    value,
    BEACON_ITERATIONS_EXPONENT,
    logger,
  );
  if (hash === false) throw new Error('the beacon of phase 2 was refused: it must be 1 to 255 bytes in hex');
  contributions.push({
    name,
    kind: 'beacon',
    hash: hex(hash),
    beacon: value,
    iterationsExponent: BEACON_ITERATIONS_EXPONENT,
  });
  await rm(file(CONTRIBUTIONS));
  if (!(await zKey.verifyFromR1cs(r1cs, ptau, file('final'), logger)))
    throw new Error('the final key does not verify');
  return { zkey: file('final'), phase2: { circuitHash: hex(circuitHash), contributions } };
}
