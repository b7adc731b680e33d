import type { RoundProof } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import { findSummary, networkPeers, provenRound } from '@chorus/inspector';
import { toRoundProof } from '@chorus/inspector/records';
import { describeError } from '@chorus/protocol';
import type { AskedTraining } from './asked-training.ts';

/** Time limit for asking peers for the Gram matrix of a round, ms. */
const ASK_MILLISECONDS = 5_000;

/** A matrix is checked by its hash: nothing is committed to. */
const COMMITS_NOTHING = {
  commitIntegers: () => Promise.reject(new Error('a Gram matrix has no commitment')),
};

/**
 * What a settled round is checked and explained with, of any task of the contract: from the chain, and its Gram matrix from
 * this node or its peers.
 * @throws ChorusError `E_CHAIN_UNKNOWN_TASK`, `E_ROUND_NOT_SETTLED`, `E_CHAIN_CALLDATA`, `E_CHAIN_UNREACHABLE`
 */
export async function roundProof(node: AskedTraining, taskId: bigint, round: number): Promise<RoundProof> {
  const { chain, network, storage } = node.ports;
  const proven = await provenRound(chain, taskId, round);
  const { task, settled } = proven;
  const [verifier, transaction, members, decimals] = await Promise.all([
    node.verifier(task.verifier),
    node.rawTransaction(settled.transaction),
    chain.members(taskId),
    decimalsOf(chain, task.token),
  ]);
  const source = {
    taskId,
    ports: { chain, storage },
    summaries: networkPeers(network, (id, number) => node.journal.summary(id, number)),
    committer: COMMITS_NOTHING,
    signal: node.signal,
  };
  let missing: string | null = null;
  const gram = await findSummary(source, { task, members }, settled, 'gram', ASK_MILLISECONDS).then(
    (summary) => summary.gram,
    (error: unknown) => {
      missing = describeError(error);
      return null;
    },
  );
  return toRoundProof({ records: proven, verifier, transaction, gram, missing, decimals });
}
