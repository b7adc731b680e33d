import { ruleNameOf, type VerifierOnChain, type VerifierSrs, verifyingKeyHash } from '@chorus/chain';
import { CIRCUIT_SIZE, circuitArtifacts, circuitName, type VerificationKey } from '@chorus/circuits';
import { assertSrsAllowed, developmentKey, log2SizeFor, type SrsKey, srsDigest } from '@chorus/commitment';
import {
  createVerifier,
  decodeProofFile,
  encodeProofFile,
  foldChallenge,
  matrixChallenges,
  type ProofFile,
  packedWords,
  pointChallenge,
  type RoundStatement,
  roundStatement,
  type Verifier,
  verifyProofFile,
} from '@chorus/proof';
import {
  type Address,
  type ChainAccount,
  ChorusError,
  type ContributionProof,
  type G2Point,
  type Hex,
  openedReferences,
  type RoundState,
  type RuleName,
  type SettledRound,
  type Settlement,
  sameG1,
  type TaskState,
} from '@chorus/protocol';
import { type Check, runCheck } from './checks.ts';
import { type InspectedChain, type Inspection, requireSettled } from './inspection.ts';

/** A settled round with its proof, and the statement that the proof must prove according to the chain. */
export interface ProvenRound {
  task: TaskState;
  round: RoundState;
  settled: SettledRound;
  /** As sent by the aggregator. */
  settlement: Settlement;
  /** Built only from the chain's own records: nothing from the aggregator is used unchecked. */
  statement: RoundStatement;
  proof: ContributionProof;
}

/**
 * Read a settled round's proof from the chain, and the statement it must prove.
 * @throws ChorusError `E_ROUND_NOT_SETTLED`, `E_CHAIN_CALLDATA`
 */
export async function provenRound(
  chain: InspectedChain,
  taskId: bigint,
  number: number,
): Promise<ProvenRound> {
  const task = await chain.task(taskId);
  const settled = await requireSettled(chain, task, number);
  const [round, settlement] = await Promise.all([
    chain.round(taskId, number),
    chain.settlement(taskId, number),
  ]);
  // The round was settled a moment ago, so it has a proof.
  if (!settlement) throw new Error('a settled round without a settlement');
  const statement = roundStatement({
    rule: ruleOf(task),
    chainId: chain.chainId,
    contract: chain.contract,
    taskId,
    round: number,
    prover: settled.aggregator,
    N: 2 ** log2SizeFor(task.dimension),
    references: openedReferences(round, settled.rejected),
    appointed: task.validators.length,
    novelty: settlement.novelty,
    updates: round.updates.map((update, index) =>
      update && !settled.unavailable.includes(index) ? update.commitment : null,
    ),
    weights: settled.weights,
    shares: settled.shares,
    aggregate: settled.aggregate,
  });
  return { task, round, settled, settlement, statement, proof: settlement.proof };
}

/** @throws ChorusError `E_RULE_UNKNOWN` */
export function ruleOf(task: TaskState): RuleName {
  const rule = ruleNameOf(task.rule);
  if (rule !== undefined) return rule;
  throw new ChorusError('E_RULE_UNKNOWN', 'no such aggregation rule', {
    facts: { rule: task.rule },
    hint: 'the task may need a newer version of Chorus',
  });
}

/** The challenges and packed words of a proof: every public value that the verifier derives. */
export function publicValues({ statement, proof }: Pick<ProvenRound, 'statement' | 'proof'>) {
  const { seed0, alpha, beta } = matrixChallenges(statement, proof.gramHash);
  const { seed1, z } = pointChallenge(statement, seed0, proof.innerProduct, proof.cross);
  const { gamma } = foldChallenge(seed1, proof.evaluations);
  const { weights: weightWords, shares: shareWords } = packedWords(statement);
  return { alpha, beta, z, gamma, weightWords, shareWords };
}

/**
 * Check settled rounds again here: that the verifier on chain holds the keys it should, that what was sent is what
 * the chain recorded, and every check of the proof.
 *
 * @example
 * const checker = await openProofChecker(network);
 * const checks = await checker.check(await provenRound(network.chain, 1n, 1));
 * await checker.close();
 */
export async function openProofChecker(network: Pick<Inspection, 'chain' | 'verifier'>): Promise<{
  check(round: ProvenRound): Promise<Check[]>;
  close(): Promise<void>;
}> {
  const read = new Map<Address, Promise<VerifierOnChain>>();
  const verifierOf = ({ verifier }: TaskState): Promise<VerifierOnChain> => {
    const known = read.get(verifier) ?? network.verifier(verifier);
    known.catch(() => read.delete(verifier));
    read.set(verifier, known);
    return known;
  };
  const verifier: Verifier = createVerifier();
  return {
    async check({ task, settled, settlement, statement, proof }) {
      const onChain = await verifierOf(task);
      const srs = srsKeyOf(onChain.srs);
      const { verificationKey } = circuitArtifacts(CIRCUIT_SIZE, statement.rule);
      const keys = await runCheck('keys', () => keysFault(onChain, srs, verificationKey, network.chain));
      const record = await runCheck('record', () => differenceOf(settled, settlement));
      return [keys, record, ...(await verifier.verify(statement, proof, { srs, verificationKey }))];
    },
    close: () => verifier.close(),
  };
}

/** The reference string of the verifier on chain, as verifiers here take it. */
function srsKeyOf(srs: VerifierSrs): SrsKey {
  const { tauG1, tauG2, tau2G2, origin } = srs;
  return { tauG1, g2: developmentKey().g2, tauG2, tau2G2, origin, digest: srsDigest(srs) };
}

/**
 * What is wrong with the keys of a rule's verifier on chain: undefined if it holds this build's circuit key, and a
 * reference string that suits the chain.
 *
 * @throws ChorusError `E_SRS_INSECURE` for a development reference string on another chain
 */
export function verifierFault(onChain: VerifierOnChain, rule: RuleName, chainId: number): string | undefined {
  const { verificationKey } = circuitArtifacts(CIRCUIT_SIZE, rule);
  return keysFault(onChain, srsKeyOf(onChain.srs), verificationKey, { chainId });
}

/** Anyone who knows tau, or the secrets of another circuit key, could make the verifier on chain accept anything. */
function keysFault(
  onChain: VerifierOnChain,
  srs: SrsKey,
  key: VerificationKey,
  { chainId }: Pick<ChainAccount, 'chainId'>,
): string | undefined {
  const isDevelopment = srs.digest === developmentKey().digest;
  assertSrsAllowed({ ...srs, origin: isDevelopment ? 'insecure-dev' : srs.origin }, chainId);
  const g1 = ([x, y]: readonly string[]) => ({ x: BigInt(x!), y: BigInt(y!) });
  const g2 = ([x, y]: VerificationKey['vk_beta_2']): G2Point => ({
    x: [BigInt(x[0]), BigInt(x[1])],
    y: [BigInt(y[0]), BigInt(y[1])],
  });
  const hash = verifyingKeyHash({
    alpha: g1(key.vk_alpha_1),
    beta: g2(key.vk_beta_2),
    gamma: g2(key.vk_gamma_2),
    delta: g2(key.vk_delta_2),
    ic: key.IC.map(g1),
  });
  return hash === onChain.verifyingKeyHash
    ? undefined
    : `the verifier on chain holds the circuit key ${onChain.verifyingKeyHash}, this build ${hash}`;
}

/** Differences between the transaction and its event. */
function differenceOf(settled: SettledRound, settlement: Settlement): string | undefined {
  const same = (a: readonly number[], b: readonly number[]) => a.join() === b.join();
  if (!same(settled.weights, settlement.weights)) return 'the weights recorded are not those sent';
  if (!same(settled.shares, settlement.shares)) return 'the shares recorded are not those sent';
  if (!same(settled.unavailable, settlement.unavailable)) return 'other trainers are recorded as unavailable';
  if (!same(settled.rejected, settlement.rejected)) return 'other references are recorded as rejected';
  if (!sameG1(settled.aggregate, settlement.aggregate)) return 'the aggregate recorded is not the one sent';
  return undefined;
}

/** A settled round's proof as a file that anyone can check without a node or a chain. */
export async function exportProof(
  network: Pick<Inspection, 'verifier'>,
  proven: ProvenRound,
  encoding: 'json' | 'cbor',
): Promise<Uint8Array> {
  const { task, round, settled, statement, proof } = proven;
  const { hashes } = circuitArtifacts(CIRCUIT_SIZE, statement.rule);
  const { srs } = await network.verifier(task.verifier);
  return encodeProofFile(
    {
      statement,
      proof,
      srs: srsKeyOf(srs),
      circuit: {
        id: circuitName(CIRCUIT_SIZE, statement.rule) as ProofFile['circuit']['id'],
        verificationKey: `0x${hashes.verificationKey}`,
      },
      dimension: task.dimension,
      references: openedReferences(round, settled.rejected).map(({ validator, digest }) => ({
        author: validator,
        digest,
      })),
      updates: round.updates.map((update, index) =>
        update && !settled.unavailable.includes(index)
          ? { author: task.trainers[index]!, digest: update.digest }
          : null,
      ),
      transaction: settled.transaction,
    },
    encoding,
  );
}

/**
 * Check a proof file by itself: no node, no chain. It shows that the weights, shares and aggregate follow from the
 * commitments in the file; only the chain can confirm that they are its commitments.
 *
 * @param srsDigest of the trusted reference string; by default the development one
 */
export async function verifyFile(
  bytes: Uint8Array,
  srsDigest: Hex = developmentKey().digest,
): Promise<{ file: ProofFile | null; checks: Check[] }> {
  let file: ProofFile | null = null;
  const readable = await runCheck('file', () => {
    file = decodeProofFile(bytes);
    return undefined;
  });
  const read = file as ProofFile | null;
  if (!read) return { file: null, checks: [readable] };
  if (read.statement.size !== CIRCUIT_SIZE) {
    const detail = `its circuit has ${read.statement.size} rows, this build knows the one of ${CIRCUIT_SIZE}`;
    return { file: read, checks: [{ ...readable, ok: false, detail }] };
  }
  const circuit = circuitArtifacts(CIRCUIT_SIZE, read.statement.rule);
  return { file: read, checks: [readable, ...(await verifyProofFile(read, { circuit, srsDigest }))] };
}

/** A round of a task's history, as an entry of a list. */
export interface ListedRound {
  settled: SettledRound;
  /** The fault found; null if every check of the proof held. */
  fault: string | null;
}

/** Every settled round of a task with its proof checked again. */
export async function listProofs(
  network: Pick<Inspection, 'chain' | 'verifier' | 'signal'>,
  task: TaskState,
): Promise<ListedRound[]> {
  const { chain, signal } = network;
  const checker = await openProofChecker(network);
  const listed: ListedRound[] = [];
  try {
    for (let number = 1; number <= task.round; number++) {
      signal.throwIfAborted();
      const settled = await chain.settledRound(task.id, number);
      if (!settled) continue;
      listed.push({ settled, fault: await faultOf(checker, chain, task.id, number) });
    }
  } finally {
    await checker.close();
  }
  return listed;
}

async function faultOf(
  checker: Awaited<ReturnType<typeof openProofChecker>>,
  chain: InspectedChain,
  taskId: bigint,
  number: number,
): Promise<string | null> {
  try {
    const failed = (await checker.check(await provenRound(chain, taskId, number))).find((c) => !c.ok);
    return failed ? `${failed.check}: ${failed.detail}` : null;
  } catch (error) {
    if (error instanceof ChorusError) return error.message;
    throw error;
  }
}
