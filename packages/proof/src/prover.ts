import { availableParallelism } from 'node:os';
import { referenceTrust } from '@chorus/aggregation';
import { buildContributionInput, type CircuitArtifacts } from '@chorus/circuits';
import { assertSrsAllowed, type Srs, type SrsKey } from '@chorus/commitment';
import type { RunOptions } from '@chorus/commitment/engine';
import { ChorusError, type ContributionProof } from '@chorus/protocol';
import { type Groth16Proof, Groth16Prover } from './circuit/groth16-prover.ts';
import { type CommittedGram, GramProver, type GramTiming, type RoundVectors } from './gram/prover.ts';
import { checkStatement, type RoundStatement } from './statement.ts';

/** More workers than this gain little: each repeats the reduction of its buckets. */
const MAX_THREADS = 8;
/** Share of the work that the circuit is, for progress. */
const CIRCUIT_SHARE = 0.4;

export interface ProverInit {
  srs: Srs;
  /** Of the circuit with the statements' size: `circuitArtifacts(16)`. */
  circuit: Pick<CircuitArtifacts, 'wasmPath' | 'zkeyPath' | 'verificationKey'>;
  /** Worker threads of the Gram argument, and of the circuit; by default one per core each, at most 8. */
  threads?: number;
}

export interface ProveOptions {
  signal?: AbortSignal;
  /** Called with a share in [0, 1]. */
  onProgress?: (done: number) => void;
}

export interface ProveResult {
  proof: ContributionProof;
  /** The Gram matrix that was proven, (n'+1) x (n'+1) for the given rows. */
  gram: bigint[][];
  /** Wall-clock seconds; the circuit runs beside the Gram argument. */
  seconds: GramTiming & { circuit: number; check: number; total: number };
}

/** Proves rounds of one N; one proof at a time, later calls wait. */
export interface Prover {
  /**
   * The exact Gram matrix of a round's vectors, which the rule's weights and shares follow from, computed in the
   * worker threads: (rows x rows), null rows zero.
   * @throws ChorusError `E_PROOF_INPUT`; the signal's reason on abort
   */
  gramMatrix(vectors: RoundVectors, options?: Pick<ProveOptions, 'signal'>): Promise<bigint[][]>;
  /**
   * Proves that weights, shares and aggregate of `statement` follow from `vectors` by the rule.
   *
   * `vectors[0]` is the sum of the opened references, `vectors[i]` the update of trainer i or null. The finished
   * proof of the Gram argument is checked before it is returned, so that a wrong commitment is an error here and
   * not a reverted transaction.
   *
   * @throws ChorusError `E_STATEMENT_INVALID`, `E_SRS_INSECURE`, `E_PROOF_INPUT` (vectors that cannot be, or weights
   *   and shares that are not the rule's), `E_CIRCUIT`, `E_PROOF_REJECTED` (commitments that are not those of the
   *   vectors; the failed check is named); the signal's reason on abort
   */
  prove(statement: RoundStatement, vectors: RoundVectors, options?: ProveOptions): Promise<ProveResult>;
  /** Ends the worker threads. */
  close(): Promise<void>;
}

/**
 * Starts the threads and reads the circuit's key, which stays in memory: later proofs start warm.
 *
 * @throws ChorusError `E_PROVING_KEY` or `E_WITNESS_GENERATOR` for files of the circuit that cannot be used
 * @example
 * const prover = await createProver({ srs: await developmentSrs(16), circuit: circuitArtifacts(16) });
 * const { proof, seconds } = await prover.prove(statement, [reference, ...updates]);
 * await prover.close();
 */
export async function createProver({
  srs,
  circuit,
  threads = Math.min(MAX_THREADS, availableParallelism()),
}: ProverInit): Promise<Prover> {
  const [gram, rule] = await Promise.allSettled([
    GramProver.create(srs, threads),
    Groth16Prover.create(circuit, threads),
  ]);
  if (gram.status === 'fulfilled' && rule.status === 'fulfilled') {
    return new RoundProver(srs, circuit.verificationKey, gram.value, rule.value);
  }
  await Promise.all([gram, rule].map((part) => part.status === 'fulfilled' && part.value.close()));
  throw [gram, rule].find((part) => part.status === 'rejected')?.reason;
}

class RoundProver implements Prover {
  private readonly srs: Srs;
  private readonly verificationKey: ProverInit['circuit']['verificationKey'];
  private readonly gram: GramProver;
  private readonly rule: Groth16Prover;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    srs: Srs,
    verificationKey: ProverInit['circuit']['verificationKey'],
    gram: GramProver,
    rule: Groth16Prover,
  ) {
    this.srs = srs;
    this.verificationKey = verificationKey;
    this.gram = gram;
    this.rule = rule;
  }

  gramMatrix(vectors: RoundVectors, { signal }: Pick<ProveOptions, 'signal'> = {}): Promise<bigint[][]> {
    return this.inTurn(() => this.gram.matrix(vectors, signal));
  }

  prove(statement: RoundStatement, vectors: RoundVectors, options: ProveOptions = {}): Promise<ProveResult> {
    return this.inTurn(() => this.proveNow(statement, vectors, options));
  }

  /** The workers hold one round's vectors at a time. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => {});
    return turn;
  }

  async close(): Promise<void> {
    await Promise.all([this.gram.close(), this.rule.close()]);
  }

  private async proveNow(
    statement: RoundStatement,
    vectors: RoundVectors,
    { signal, onProgress }: ProveOptions,
  ): Promise<ProveResult> {
    signal?.throwIfAborted();
    checkStatement(statement);
    assertSrsAllowed(this.srs, statement.chainId);
    const start = performance.now();
    const since = (from: number): number => (performance.now() - from) / 1000;
    let gramDone = 0;
    let circuitDone = 0;
    const report = (): void => onProgress?.(gramDone * (1 - CIRCUIT_SHARE) + circuitDone * CIRCUIT_SHARE);
    const timing: Partial<GramTiming> = {};
    const options = {
      signal,
      timing,
      onProgress: (done: number): void => {
        gramDone = done;
        report();
      },
    };

    const committed = await this.gram.begin(statement, vectors, options);
    checkRule(statement, committed.gram);
    let circuitSeconds = 0;
    const [gramProof, circuit] = await Promise.all([
      this.gram.finish(statement, vectors, committed, options),
      this.proveRule(statement, committed, {
        signal,
        onProgress: (done) => {
          circuitDone = done;
          report();
        },
      }).then((result) => {
        circuitSeconds = since(start) - (timing.gram ?? 0);
        circuitDone = 1;
        report();
        return result;
      }),
    ]);
    const proof: ContributionProof = { ...gramProof, groth16: circuit.groth16 };

    const checking = performance.now();
    await this.selfCheck(statement, proof, signal);
    const seconds = {
      ...(timing as GramTiming),
      circuit: circuitSeconds,
      check: since(checking),
      total: since(start),
    };
    return { proof, gram: committed.gram, seconds };
  }

  private proveRule(
    { size, weights, shares }: RoundStatement,
    { gram, alpha, beta }: CommittedGram,
    options: RunOptions,
  ): Promise<Groth16Proof> {
    const { signals } = buildContributionInput({ gram, alpha, beta, weights, shares, size });
    return this.rule.prove({ ...signals }, options);
  }

  private async selfCheck(
    statement: RoundStatement,
    proof: ContributionProof,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { tauG1, g2, tauG2, tau2G2, origin, digest } = this.srs;
    const srs: SrsKey = { tauG1, g2, tauG2, tau2G2, origin, digest };
    const { verificationKey } = this;
    const results = await this.gram.check({ statement, proof, srs, verificationKey }, signal);
    const failed = results.find((result) => !result.ok);
    if (failed === undefined) return;
    throw new ChorusError('E_PROOF_REJECTED', `the finished proof fails the check "${failed.check}"`, {
      facts: { check: failed.check, detail: failed.detail },
      hint: 'the commitments or the aggregate on chain are not those of the vectors given',
    });
  }
}

/** The statement's weights and shares must be the rule's: otherwise no proof exists, and the circuit could not say why. */
function checkRule(statement: RoundStatement, gram: bigint[][]): void {
  const { weights, shares } = referenceTrust(gram);
  for (let i = 0; i < statement.size; i++) {
    const [weight, share] = [weights[i] ?? 0, shares[i] ?? 0];
    if (statement.weights[i] !== weight || statement.shares[i] !== share) {
      throw new ChorusError('E_PROOF_INPUT', 'a weight or share is not what the rule gives', {
        facts: {
          trainer: i,
          weight: statement.weights[i],
          expectedWeight: weight,
          share: statement.shares[i],
          expectedShare: share,
        },
      });
    }
  }
}
