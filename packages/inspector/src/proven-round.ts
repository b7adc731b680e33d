import type { VerifierOnChain } from '@chorus/chain';
import { CIRCUIT_SIZE, circuitArtifacts, circuitName } from '@chorus/circuits';
import { developmentKey } from '@chorus/commitment';
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
  type Verifier,
  verifyProofFile,
} from '@chorus/proof';
import {
  type Address,
  ChorusError,
  type ContributionProof,
  type Hex,
  openedReferences,
  type RoundState,
  type RuleName,
  type SettledRound,
  type Settlement,
  type TaskState,
} from '@chorus/protocol';
import { type InspectedChain, type Inspection, requireSettled } from './inspection.ts';
import { checkRecords, keysFault, type ProofChecks, srsKeyOf } from './records/check-records.ts';
import { type RoundRecords, statementOf } from './records/records.ts';
import { type Check, runCheck } from './records/run-check.ts';

/** A settled round with its proof, and the statement that the proof must prove according to the chain. */
export interface ProvenRound extends RoundRecords {
  task: TaskState;
  round: RoundState;
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
  const { chainId, contract } = chain;
  const records = { chainId, contract, task, round, settled, settlement };
  return { ...records, statement: statementOf(records), proof: settlement.proof };
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
    async check(round) {
      const { verificationKey } = circuitArtifacts(CIRCUIT_SIZE, round.statement.rule);
      const verify: ProofChecks = (statement, proof, keys) => verifier.verify(statement, proof, keys);
      return checkRecords(round, await verifierOf(round.task), verificationKey, verify);
    },
    close: () => verifier.close(),
  };
}

/**
 * What is wrong with the keys of a rule's verifier on chain: undefined if it holds this build's circuit key, and a
 * reference string that suits the chain.
 *
 * @throws ChorusError `E_SRS_INSECURE` for a development reference string on another chain
 */
export function verifierFault(onChain: VerifierOnChain, rule: RuleName, chainId: number): string | undefined {
  return keysFault(onChain, circuitArtifacts(CIRCUIT_SIZE, rule).verificationKey, chainId);
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
