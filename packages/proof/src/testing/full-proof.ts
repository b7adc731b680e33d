import { ruleById } from '@chorus/aggregation';
import { buildContributionInput, circuitArtifacts } from '@chorus/circuits';
import type { ContributionProof, RuleName } from '@chorus/protocol';
import { Groth16Prover } from '../circuit/groth16-prover.ts';
import { circuitInput } from '../circuit/input.ts';
import type { GramProof } from '../gram/prover.ts';
import type { RoundStatement } from '../statement/statement.ts';
import { matrixChallenges } from '../statement/transcript.ts';

/** The circuit's proof for any matrix, even one that no committed vectors have. */
export interface CircuitProver {
  prove(statement: RoundStatement, gram: bigint[][], message: GramProof): Promise<ContributionProof>;
  close(): Promise<void>;
}

export function startCircuitProver(rule: RuleName = 'reference-trust'): CircuitProver {
  const prover = Groth16Prover.create(circuitArtifacts(16, rule), 2);
  return {
    async prove(statement, gram, message) {
      const { alpha, beta } = matrixChallenges(statement, message.gramHash);
      const result = ruleById(rule).apply(gram);
      const { signals } = buildContributionInput(circuitInput(statement, { gram, alpha, beta }, result));
      const { groth16 } = await (await prover).prove({ ...signals });
      return { ...message, groth16 };
    },
    close: async () => (await prover).close(),
  };
}
