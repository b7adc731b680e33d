import { extname } from 'node:path';
import { buildContributionInput, circuitArtifacts } from '@chorus/circuits';
import { WorkerPool } from '@chorus/commitment/engine';
import type { ContributionProof } from '@chorus/protocol';
import type { Groth16Input, Groth16Output } from '../circuit/worker.ts';
import type { GramProof } from '../gram/prover.ts';
import type { RoundStatement } from '../statement.ts';
import { matrixChallenges } from '../transcript.ts';

/** The circuit's proof for any matrix, also one that no committed vectors have. */
export interface CircuitProver {
  prove(statement: RoundStatement, gram: bigint[][], message: GramProof): Promise<ContributionProof>;
  close(): Promise<void>;
}

export function startCircuitProver(): CircuitProver {
  const script = new URL(`../circuit/worker${extname(import.meta.url)}`, import.meta.url);
  const pool = new WorkerPool(script, 1);
  const { wasmPath, zkeyPath } = circuitArtifacts(16);
  return {
    async prove(statement, gram, message) {
      const { alpha, beta } = matrixChallenges(statement, message.gramHash);
      const { weights, shares, size } = statement;
      const { signals } = buildContributionInput({ gram, alpha, beta, weights, shares, size });
      const input: Groth16Input = { signals: { ...signals }, wasmPath, zkeyPath, singleThread: false };
      const { groth16 } = await pool.run<Groth16Output>(0, 'prove', input);
      return { ...message, groth16 };
    },
    close: () => pool.close(),
  };
}
