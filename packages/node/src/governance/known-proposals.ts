import { ChorusError, type Proposal, type ProposalProgress } from '@chorus/protocol';
import type { ProposalParts } from './documents.ts';
import { findProposal, shortId } from './find-proposal.ts';
import type { VotingChain } from './governance-chain.ts';

/** All proposals, and what their documents are made with. */
export async function knownProposals(
  chain: VotingChain,
): Promise<{ proposals: Proposal[]; parts: Omit<ProposalParts, 'number'> }> {
  const [proposals, rules, values, changes] = await Promise.all([
    chain.proposals(),
    chain.governance(),
    chain.parameterValues(),
    chain.parameterChanges(),
  ]);
  return { proposals, parts: { rules, values, changes } };
}

export interface KnownProposal {
  proposal: Proposal;
  progress: ProposalProgress;
  parts: ProposalParts;
}

/**
 * One proposal, and where it stands.
 * @param reference its number, its id, or 0x and the beginning of its id
 * @throws ChorusError `E_GOVERNANCE_UNKNOWN`, also if a reorganisation undid it; `E_GOVERNANCE_AMBIGUOUS`
 */
export async function knownProposal(chain: VotingChain, reference: string): Promise<KnownProposal> {
  const { proposals, parts } = await knownProposals(chain);
  const { proposal, number } = findProposal(proposals, reference);
  const progress = await chain.proposalProgress(proposal.id);
  if (progress) return { proposal, progress, parts: { ...parts, number } };
  throw new ChorusError('E_GOVERNANCE_UNKNOWN', 'the chain does not know the proposal any more', {
    facts: { proposal: shortId(proposal.id) },
    hint: 'a reorganisation of the chain undid it: list the proposals again, and propose it again if it is missing',
  });
}
