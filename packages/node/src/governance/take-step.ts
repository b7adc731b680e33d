import type { StepResult } from '@chorus/admin-api';
import { hasCode, type ProposalProgress } from '@chorus/protocol';
import { timeOf } from './documents.ts';
import type { VotingChain } from './governance-chain.ts';
import { knownProposal } from './known-proposals.ts';
import { wrongState } from './refusals.ts';

/** A step of a proposal after its vote. */
interface Step {
  dryRun: boolean;
  action: 'queue' | 'execute';
  /** The state that it needs, and those in which it has been taken. */
  from: ProposalProgress['state'];
  done: readonly ProposalProgress['state'][];
}

/**
 * Take a step of a proposal that anyone may take; one that was taken before is as it was asked for.
 * @throws ChorusError `E_GOVERNANCE_UNKNOWN`, `E_GOVERNANCE_AMBIGUOUS`, `E_GOVERNANCE_STATE`, and those of the chain
 */
export async function takeStep(
  chain: VotingChain,
  reference: string,
  { dryRun, action, from, done }: Step,
): Promise<StepResult> {
  const { proposal, progress, parts } = await knownProposal(chain, reference);
  const { id } = proposal;
  const result = (now: ProposalProgress, before: boolean, transaction: string | null): StepResult => ({
    dryRun,
    id: id.toString(),
    before,
    executableAt: now.executableAt === null ? null : timeOf(now.executableAt),
    transaction,
  });
  if (done.includes(progress.state)) return result(progress, true, null);
  const early = action === 'execute' && (progress.executableAt ?? 0) > parts.rules.time;
  if (progress.state !== from || early) throw wrongState(id, action, progress, proposal);
  if (dryRun) return result(progress, false, null);
  try {
    const { transaction } = await (action === 'queue' ? chain.queueProposal(id) : chain.executeProposal(id));
    return result((await chain.proposalProgress(id)) ?? progress, false, transaction);
  } catch (error) {
    // Somebody else was quicker.
    const now = hasCode(error, 'E_CHAIN_WRONG_PHASE') ? await chain.proposalProgress(id) : null;
    if (now && done.includes(now.state)) return result(now, true, null);
    throw error;
  }
}
