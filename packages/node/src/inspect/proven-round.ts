import { isDevChain } from '@chorus/chain';
import { circuitArtifacts } from '@chorus/circuits';
import { developmentKey, log2SizeFor, type SrsKey } from '@chorus/commitment';
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
  type ChainPort,
  ChorusError,
  type ContributionProof,
  type Hex,
  openedReferences,
  type RoundState,
  type SettledRound,
  type Settlement,
  sameG1,
  type TaskState,
} from '@chorus/protocol';
import { type Check, runCheck } from './checks.ts';
import { CIRCUIT_SIZE, type Inspection, requireSettled } from './inspection.ts';

/** A settled round with its proof, and what the chain says that the proof must be of. */
export interface ProvenRound {
  task: TaskState;
  round: RoundState;
  settled: SettledRound;
  /** As sent by the aggregator. */
  settlement: Settlement;
  /** From the chain's own records alone: nothing the aggregator says goes in unchecked. */
  statement: RoundStatement;
  proof: ContributionProof;
}

/**
 * Read a settled round's proof from the chain, and the statement it must prove.
 * @throws ChorusError `E_ROUND_NOT_SETTLED`, `E_PROOF_MISSING`, `E_CHAIN_CALLDATA`
 */
export async function provenRound(chain: ChainPort, taskId: bigint, number: number): Promise<ProvenRound> {
  const task = await chain.task(taskId);
  const settled = await requireSettled(chain, task, number);
  const [round, settlement] = await Promise.all([
    chain.round(taskId, number),
    chain.settlement(taskId, number),
  ]);
  if (!settlement?.proof) {
    throw new ChorusError('E_PROOF_MISSING', 'the settlement carries no proof', {
      facts: { taskId, round: number, transaction: settled.transaction },
      hint: 'the contract is of a version that settled without proofs; trust nothing it settled',
    });
  }
  const statement = roundStatement({
    chainId: chain.chainId,
    contract: chain.contract,
    taskId,
    round: number,
    N: 2 ** log2SizeFor(task.dimension),
    references: openedReferences(round).map((r) => r.commitment),
    updates: round.updates.map((update, index) =>
      update && !settled.unavailable.includes(index) ? update.commitment : null,
    ),
    weights: settled.weights,
    shares: settled.shares,
    aggregate: settled.aggregate,
  });
  return { task, round, settled, settlement, statement, proof: settlement.proof };
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
 * Check settled rounds again here: that what was sent is what the chain recorded, and every check of the proof.
 *
 * @example
 * const checker = openProofChecker(network.chain);
 * const checks = await checker.check(await provenRound(network.chain, 1n, 1));
 * await checker.close();
 * @throws ChorusError `E_SRS_UNKNOWN` on a chain whose reference string is not known here
 */
export function openProofChecker(chain: Pick<ChainPort, 'chainId'>): {
  check(round: ProvenRound): Promise<Check[]>;
  close(): Promise<void>;
} {
  const srs = trustedSrs(chain.chainId);
  const verifier: Verifier = createVerifier();
  return {
    async check({ settled, settlement, statement, proof }) {
      const recorded = await runCheck('record', () => differenceOf(settled, settlement));
      const { verificationKey } = circuitArtifacts(CIRCUIT_SIZE);
      return [recorded, ...(await verifier.verify(statement, proof, { srs, verificationKey }))];
    },
    close: () => verifier.close(),
  };
}

/** Where the transaction and the event it left say different things. */
function differenceOf(settled: SettledRound, settlement: Settlement): string | undefined {
  const same = (a: readonly number[], b: readonly number[]) => a.join() === b.join();
  if (!same(settled.weights, settlement.weights)) return 'the weights recorded are not those sent';
  if (!same(settled.shares, settlement.shares)) return 'the shares recorded are not those sent';
  if (!same(settled.unavailable, settlement.unavailable)) return 'other trainers are recorded as unavailable';
  if (!sameG1(settled.aggregate, settlement.aggregate)) return 'the aggregate recorded is not the one sent';
  return undefined;
}

function trustedSrs(chainId: number): SrsKey {
  if (isDevChain(chainId)) return developmentKey();
  throw new ChorusError('E_SRS_UNKNOWN', 'the reference string of this chain is not known here', {
    facts: { chainId },
    hint: 'proofs are checked here on development chains; others name the string with --file and --srs',
  });
}

/** A settled round's proof as a file that anyone can check without a node or a chain. */
export function exportProof(chain: ChainPort, proven: ProvenRound, encoding: 'json' | 'cbor'): Uint8Array {
  const { task, round, settled, statement, proof } = proven;
  const { hashes } = circuitArtifacts(CIRCUIT_SIZE);
  return encodeProofFile(
    {
      statement,
      proof,
      srs: trustedSrs(chain.chainId),
      circuit: { id: `contribution-${CIRCUIT_SIZE}`, verificationKey: `0x${hashes.verificationKey}` },
      dimension: task.dimension,
      references: openedReferences(round).map(({ validator, digest }) => ({ author: validator, digest })),
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
 * Check a proof file by itself: no node, no chain. It says that the weights, shares and aggregate follow from
 * the commitments in the file; that these are a chain's, only that chain can say.
 *
 * @param srsDigest of the reference string that is trusted; by default the development one
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
  const circuit = circuitArtifacts(CIRCUIT_SIZE);
  return { file: read, checks: [readable, ...(await verifyProofFile(read, { circuit, srsDigest }))] };
}

/** A round of a task's history, as a list shows it. */
export interface ListedRound {
  settled: SettledRound;
  /** What was found wrong, null where every check of the proof held. */
  fault: string | null;
}

/** Every settled round of a task with its proof checked again. */
export async function listProofs(
  { chain, signal }: Pick<Inspection, 'chain' | 'signal'>,
  task: TaskState,
): Promise<ListedRound[]> {
  const checker = openProofChecker(chain);
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
  checker: ReturnType<typeof openProofChecker>,
  chain: ChainPort,
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
