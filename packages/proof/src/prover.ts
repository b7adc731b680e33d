import { availableParallelism } from 'node:os';
import { type RuleResult, ruleById } from '@chorus/aggregation';
import { buildContributionInput, type CircuitArtifacts } from '@chorus/circuits';
import { assertSrsAllowed, type Srs, type SrsKey } from '@chorus/commitment';
import type { RunOptions } from '@chorus/commitment/engine';
import { ChorusError, type ContributionProof, type RuleName } from '@chorus/protocol';
import { type Groth16Proof, Groth16Prover } from './circuit/groth16-prover.ts';
import { circuitInput } from './circuit/input.ts';
import { type CommittedGram, GramProver, type GramTiming, type RoundVectors } from './gram/prover.ts';
import { checkStatement, type RoundStatement } from './statement/statement.ts';

/** More workers than this gain little: each repeats the reduction of its buckets. */
const MAX_THREADS = 8;
/** The circuit's share of the work, for progress. */
const CIRCUIT_SHARE = 0.4;

export interface ProverInit {
  srs: Srs;
  /** The files of each rule's circuit: `(rule) => circuitArtifacts(16, rule)`. */
  circuits: (rule: RuleName) => Pick<CircuitArtifacts, 'wasmPath' | 'zkeyPath' | 'verificationKey'>;
  /** Worker threads of the Gram argument, and of each circuit; by default one per core each, at most 8. */
  threads?: number;
}

export interface ProveOptions {
  signal?: AbortSignal;
  /** Called with a share in [0, 1]. */
  onProgress?: (done: number) => void;
}

export interface ProveResult {
  proof: ContributionProof;
  /** The proven Gram matrix, one row for each given vector. */
  gram: bigint[][];
  /** Wall-clock seconds; the circuit and the Gram argument run concurrently. */
  seconds: GramTiming & { circuit: number; check: number; total: number };
}

/** Proves rounds of one N, by any rule; one proof at a time, later calls wait. */
export interface Prover {
  /**
   * The exact Gram matrix of a round's vectors, from which the rule's weights and shares follow, computed in the
   * worker threads: (rows x rows), null rows zero.
   * @throws ChorusError `E_PROOF_INPUT`; the signal's reason on abort
   */
  gramMatrix(
    rule: RuleName,
    vectors: RoundVectors,
    options?: Pick<ProveOptions, 'signal'>,
  ): Promise<bigint[][]>;
  /**
   * Proves that weights, shares and aggregate of `statement` follow from `vectors` by the rule.
   *
   * `vectors` begin with the rule's leading rows: the sum of the opened references; or their three sums by group (see
   * `referenceGroups`; null for an empty group) and the novelty. Then the updates, null for a trainer that takes no
   * part. The finished proof of the Gram argument is checked before it is returned, so that a wrong commitment is an
   * error here instead of a reverted transaction.
   *
   * @throws ChorusError `E_STATEMENT_INVALID`, `E_SRS_INSECURE`, `E_PROOF_INPUT` (impossible vectors, or weights and
   * shares that are not the rule's), `E_CIRCUIT`, `E_PROOF_REJECTED` (commitments that are not those of the
   *   vectors; the failed check is named); the signal's reason on abort
   */
  prove(statement: RoundStatement, vectors: RoundVectors, options?: ProveOptions): Promise<ProveResult>;
  /** Ends the worker threads. */
  close(): Promise<void>;
}

/**
 * Starts the threads. The key of a rule's circuit is read with its first proof and stays in memory: later proofs start warm.
 *
 * @example
 * const circuits = (rule: RuleName) => circuitArtifacts(16, rule);
 * const prover = await createProver({ srs: await developmentSrs(16), circuits });
 * const { proof, seconds } = await prover.prove(statement, [...groupSums, novelty, ...updates]);
 * await prover.close();
 */
export async function createProver({
  srs,
  circuits,
  threads = Math.min(MAX_THREADS, availableParallelism()),
}: ProverInit): Promise<Prover> {
  return new RoundProver(srs, circuits, threads, await GramProver.create(srs, threads));
}

class RoundProver implements Prover {
  private readonly srs: Srs;
  private readonly circuits: ProverInit['circuits'];
  private readonly threads: number;
  private readonly gram: GramProver;
  private readonly rules = new Map<RuleName, Promise<Groth16Prover>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(srs: Srs, circuits: ProverInit['circuits'], threads: number, gram: GramProver) {
    this.srs = srs;
    this.circuits = circuits;
    this.threads = threads;
    this.gram = gram;
  }

  gramMatrix(
    rule: RuleName,
    vectors: RoundVectors,
    { signal }: Pick<ProveOptions, 'signal'> = {},
  ): Promise<bigint[][]> {
    return this.inTurn(() => this.gram.matrix(rule, vectors, signal));
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
    const rules = await Promise.allSettled(this.rules.values());
    const opened = rules.flatMap((rule) => (rule.status === 'fulfilled' ? [rule.value] : []));
    await Promise.all([this.gram, ...opened].map((part) => part.close()));
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
    const result = checkRule(statement, committed.gram);
    let circuitSeconds = 0;
    const [gramProof, circuit] = await Promise.all([
      this.gram.finish(statement, vectors, committed, options),
      this.proveRule(statement, committed, result, {
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

  /** The prover of a rule's circuit, with its key read once; after a failed read the next call tries again. */
  private ruleProver(rule: RuleName): Promise<Groth16Prover> {
    const known = this.rules.get(rule);
    if (known) return known;
    const opening = Groth16Prover.create(this.circuits(rule), this.threads);
    opening.catch(() => this.rules.delete(rule));
    this.rules.set(rule, opening);
    return opening;
  }

  private async proveRule(
    statement: RoundStatement,
    committed: CommittedGram,
    result: RuleResult,
    options: RunOptions,
  ): Promise<Groth16Proof> {
    const { signals } = buildContributionInput(circuitInput(statement, committed, result));
    const rule = await this.ruleProver(statement.rule);
    return rule.prove({ ...signals }, options);
  }

  private async selfCheck(
    statement: RoundStatement,
    proof: ContributionProof,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { tauG1, g2, tauG2, tau2G2, origin, digest } = this.srs;
    const srs: SrsKey = { tauG1, g2, tauG2, tau2G2, origin, digest };
    const { verificationKey } = this.circuits(statement.rule);
    const results = await this.gram.check({ statement, proof, srs, verificationKey }, signal);
    const failed = results.find((result) => !result.ok);
    if (failed === undefined) return;
    throw new ChorusError('E_PROOF_REJECTED', `the finished proof fails the check "${failed.check}"`, {
      facts: { check: failed.check, detail: failed.detail },
      hint: 'the commitments or the aggregate on chain are not those of the vectors given',
    });
  }
}

/**
 * The statement's weights and shares must be the rule's: otherwise no proof exists, and the circuit cannot say why.
 */
function checkRule(statement: RoundStatement, gram: bigint[][]): RuleResult {
  const result = ruleById(statement.rule).apply(gram);
  const { weights, shares } = result;
  for (let i = 0; i < statement.size; i++) {
    const [weight, share] = [weights[i] ?? 0, shares[i] ?? 0];
    if (statement.weights[i] !== weight || statement.shares[i] !== share) {
      throw new ChorusError('E_PROOF_INPUT', 'a weight or share differs from the rule’s', {
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
  return result;
}
