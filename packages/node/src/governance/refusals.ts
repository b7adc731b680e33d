import { ChorusError, exactAmount, type ProposalProgress, type VotingPower } from '@chorus/protocol';
import { timeOf } from './documents.ts';
import { shortId } from './find-proposal.ts';

/** A number of votes in words. */
export const votesText = (votes: bigint, decimals: number | null): string =>
  decimals === null ? `${votes} units` : exactAmount(votes, decimals);

/** The proposal is not in the state that this needs. */
export function wrongState(
  id: bigint,
  action: string,
  { state, executableAt }: ProposalProgress,
  { voteStart, voteEnd }: { voteStart: number; voteEnd: number },
): ChorusError {
  const hints: Record<ProposalProgress['state'], string> = {
    pending: `its vote begins at ${timeOf(voteStart)}`,
    active: `its vote ends at ${timeOf(voteEnd)}`,
    succeeded: `queue it: chorus governance queue ${shortId(id)}`,
    queued: `it can be executed at ${executableAt === null ? 'the end of its delay' : timeOf(executableAt)}`,
    defeated: 'it has failed; it can be proposed again, in other words',
    executed: 'it was carried out: chorus governance parameters',
    canceled: 'its proposer has withdrawn it',
    expired: 'it was not carried out in time; propose it again',
  };
  return new ChorusError(
    'E_GOVERNANCE_STATE',
    `the proposal is ${state}: this is not the time to ${action} it`,
    {
      facts: { proposal: shortId(id), state },
      hint: hints[state],
    },
  );
}

/** The wallet had no votes when those of a proposal were counted: why. */
export function noVotes(
  id: bigint,
  voteStart: number,
  power: VotingPower,
  decimals: number | null,
): ChorusError {
  const { account, balance, delegate, votes } = power;
  const facts = {
    proposal: shortId(id),
    counted: timeOf(voteStart),
    balance: votesText(balance, decimals),
    delegate: delegate ?? 'none',
    votes: votesText(votes, decimals),
  };
  const late = 'for this proposal it is too late, for the next one not: ';
  const why =
    delegate === null
      ? { reason: 'its tokens were not delegated', hint: `${late}chorus governance delegate --self` }
      : delegate === account
        ? {
            reason: 'its tokens came, or were delegated to it, only afterwards',
            hint: 'it votes on proposals whose voting delay ends from now on',
          }
        : { reason: 'its tokens vote with its delegate', hint: `${late}chorus governance delegate --self` };
  const message = `the wallet had no votes when those of the proposal were counted: ${why.reason}`;
  return new ChorusError('E_GOVERNANCE_NO_VOTES', message, { facts, hint: why.hint });
}

/** Too few votes to propose. */
export function belowThreshold(power: VotingPower, threshold: bigint, decimals: number | null): ChorusError {
  const undelegated = power.delegate === null && power.balance > 0n;
  return new ChorusError('E_GOVERNANCE_THRESHOLD', 'the wallet has too few votes to propose', {
    facts: {
      votes: votesText(power.votes, decimals),
      needed: votesText(threshold, decimals),
      balance: votesText(power.balance, decimals),
      delegate: power.delegate ?? 'none',
    },
    hint: undelegated
      ? 'tokens count once they are delegated: chorus governance delegate --self'
      : 'get more tokens, or let others delegate to this wallet',
  });
}

/** A vote for something that cannot be put in words. */
export function unclear(id: bigint): ChorusError {
  return new ChorusError('E_GOVERNANCE_UNCLEAR', 'nothing here can tell what a call of the proposal does', {
    facts: { proposal: shortId(id) },
    hint: `look at it: chorus governance show ${shortId(id)}; to vote for it all the same, add --anyway`,
  });
}

/** The same calls under the same words are the same proposal. */
export function proposedBefore(title: string, cause: unknown): ChorusError {
  return new ChorusError('E_GOVERNANCE_STATE', 'the same proposal was made before', {
    facts: { title },
    hint: 'look at it: chorus governance list; to propose it again, give another title or description',
    cause,
  });
}
