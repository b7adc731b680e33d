import { circuitArtifacts } from '@chorus/circuits';
import { developmentSrs } from '@chorus/commitment';
import type { RuleName } from '@chorus/protocol';
import { createProver } from '../prover.ts';
import { randomRound } from './rounds.ts';

/**
 * At how many different turns of the event loop a prover reports while it proves a large round: if one part worked on this
 * thread, its report would come in the same turn as the one before.
 * @param cacheDir of the reference string
 */
export async function turnsWhileProving(rule: RuleName, cacheDir: string): Promise<number> {
  const prover = await createProver({
    srs: await developmentSrs(14, { cacheDir }),
    circuits: (of) => circuitArtifacts(16, of),
  });
  const { statement, vectors } = randomRound({ seed: 11, trainers: 16, N: 2 ** 14, rule });
  let turns = 0;
  const watch = setInterval(() => turns++, 1);
  const at: number[] = [];
  await prover.prove(statement, vectors, { onProgress: () => void at.push(turns) });
  clearInterval(watch);
  await prover.close();
  return new Set(at).size;
}
