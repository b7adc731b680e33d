import { extname } from 'node:path';
import { ruleById } from '@chorus/aggregation';
import { buildContributionInput, circuitArtifacts } from '@chorus/circuits';
import { WorkerPool } from '@chorus/commitment/engine';
import type { ContributionProof, RuleName } from '@chorus/protocol';
import { circuitInput } from '../circuit/input.ts';
import type { Groth16Input, Groth16Output } from '../circuit/worker.ts';
import type { GramProof } from '../gram/prover.ts';
import type { RoundStatement } from '../statement.ts';
import { matrixChallenges } from '../transcript.ts';

/** The circuit's proof for any matrix, also one that no committed vectors have. */
export interface CircuitProver {
  prove(statement: RoundStatement, gram: bigint[][], message: GramProof): Promise<ContributionProof>;
  close(): Promise<void>;
}

export function startCircuitProver(rule: RuleName = 'reference-trust'): CircuitProver {
  const script = new URL(`../circuit/worker${extname(import.meta.url)}`, import.meta.url);
  const pool = new WorkerPool(script, 1);
  const { wasmPath, zkeyPath } = circuitArtifacts(16, rule);
  return {
    async prove(statement, gram, message) {
      const { alpha, beta } = matrixChallenges(statement, message.gramHash);
      const result = ruleById(rule).apply(gram);
      const { signals } = buildContributionInput(circuitInput(statement, { gram, alpha, beta }, result));
      const input: Groth16Input = { signals: { ...signals }, wasmPath, zkeyPath, singleThread: false };
      const { groth16 } = await pool.run<Groth16Output>(0, 'prove', input);
      return { ...message, groth16 };
    },
    close: () => pool.close(),
  };
}
