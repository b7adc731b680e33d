import { readFileSync } from 'node:fs';
import type { Address, G1Point, G2Point, RuleName } from '@chorus/protocol';

/** Decimal coordinates. */
export type VectorPoint = [x: string, y: string];
export type VectorTwist = { x: VectorPoint; y: VectorPoint };

/** The vectors of one rule as `test/vectors/transcript/generate.ts` writes them: what its readers use. */
export interface TranscriptVectors {
  srs: { origin: 'insecure-dev'; tauG1: VectorPoint; tauG2: VectorTwist; tau2G2: VectorTwist };
  cases: {
    name: string;
    dimension: number;
    statement: {
      chainId: number;
      contract: Address;
      taskId: string;
      round: number;
      prover: Address;
      n: 16 | 64;
      N: number;
      commitments: VectorPoint[];
      weights: number[];
      shares: number[];
      aggregate: VectorPoint;
    };
    gram: string[][];
    weightsWords: string[];
    sharesWords: string[];
    proof: {
      gramHash: string;
      innerProduct: string;
      cross: VectorPoint;
      quotient: VectorPoint;
      evaluations: string[];
      groth16: { a: VectorPoint; b: VectorTwist; c: VectorPoint };
    };
  }[];
}
export type TranscriptVector = TranscriptVectors['cases'][number];

const FILES: Record<RuleName, string> = {
  'reference-trust': 'transcript.json',
  'reference-projection': 'projection.json',
};

export function transcriptVectors(rule: RuleName): TranscriptVectors {
  const url = new URL(`../../../../test/vectors/transcript/${FILES[rule]}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8'));
}

const pair = ([a, b]: VectorPoint): [bigint, bigint] => [BigInt(a), BigInt(b)];
export const vectorG1 = ([x, y]: VectorPoint): G1Point => ({ x: BigInt(x), y: BigInt(y) });
export const vectorG2 = ({ x, y }: VectorTwist): G2Point => ({ x: pair(x), y: pair(y) });
