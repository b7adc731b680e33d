/// <reference path="../snarkjs.d.ts" />
import { createRequire } from 'node:module';
import { serve } from '@chorus/commitment/engine';
import { ChorusError, type ContributionProof } from '@chorus/protocol';

// web-worker (under snarkjs) looks at `isMainThread` when it is imported, and in any other thread takes itself for one of
// its own workers and fails. Here it is the caller: it may start workers, which end with this thread.
const threads: { isMainThread: boolean } = createRequire(import.meta.url)('node:worker_threads');
threads.isMainThread = true;
const { groth16 } = await import('snarkjs');

export interface Groth16Input {
  signals: Record<string, bigint | bigint[]>;
  wasmPath: string;
  zkeyPath: string;
  singleThread: boolean;
}

export interface Groth16Output {
  groth16: ContributionProof['groth16'];
  publicSignals: bigint[];
}

serve({
  async prove({ signals, wasmPath, zkeyPath, singleThread }: Groth16Input): Promise<Groth16Output> {
    try {
      const result = await groth16.fullProve(signals, wasmPath, zkeyPath, undefined, undefined, {
        singleThread,
      });
      const { pi_a: a, pi_b: b, pi_c: c } = result.proof;
      const pair = ([c0, c1]: [string, string]): [bigint, bigint] => [BigInt(c0), BigInt(c1)];
      return {
        groth16: {
          a: { x: BigInt(a[0]), y: BigInt(a[1]) },
          b: { x: pair(b[0]), y: pair(b[1]) },
          c: { x: BigInt(c[0]), y: BigInt(c[1]) },
        },
        publicSignals: result.publicSignals.map(BigInt),
      };
    } catch (cause) {
      throw new ChorusError('E_CIRCUIT', 'the contribution circuit has no proof for these values', {
        facts: { reason: cause instanceof Error ? cause.message.slice(0, 300) : String(cause) },
        hint: 'weights and shares must be exactly those of the rule for this Gram matrix',
      });
    }
  },
});
