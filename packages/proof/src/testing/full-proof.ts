import { buildContributionInput, circuitArtifacts } from '@chorus/circuits';
import type { ContributionProof } from '@chorus/protocol';
import { Groth16Prover } from '../circuit/groth16-prover.ts';
import type { GramProof } from '../gram/prover.ts';
import type { RoundStatement } from '../statement.ts';
import { matrixChallenges } from '../transcript.ts';

/** The circuit's proof for any matrix, also one that no committed vectors have. */
export interface CircuitProver {
  prove(statement: RoundStatement, gram: bigint[][], message: GramProof): Promise<ContributionProof>;
  close(): Promise<void>;
}

export function startCircuitProver(): CircuitProver {
  const prover = Groth16Prover.create(circuitArtifacts(16), 2);
  return {
    async prove(statement, gram, message) {
      const { alpha, beta } = matrixChallenges(statement, message.gramHash);
      const { weights, shares, size } = statement;
      const { signals } = buildContributionInput({ gram, alpha, beta, weights, shares, size });
      const { groth16 } = await (await prover).prove({ ...signals });
      return { ...message, groth16 };
    },
    close: async () => (await prover).close(),
  };
}
