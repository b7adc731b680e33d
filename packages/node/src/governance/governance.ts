import type {
  DelegateRequest,
  DelegateResult,
  GovernanceDocument,
  ParametersDocument,
  ParametersQuery,
  ProposalDetail,
  ProposalList,
  ProposeRequest,
  ProposeResult,
  StepRequest,
  StepResult,
  VoteRequest,
  VoteResult,
} from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import { type Address, ChorusError, hasCode } from '@chorus/protocol';
import {
  ballotDocuments,
  callDocument,
  governanceDocument,
  parameterDocument,
  proposalDocument,
  timeOf,
} from './documents.ts';
import { findProposal, shortId } from './find-proposal.ts';
import type { VotingChain } from './governance-chain.ts';
import { knownProposal, knownProposals } from './known-proposals.ts';
import { descriptionOf } from './proposal-text.ts';
import { belowThreshold, noVotes, proposedBefore, unclear, wrongState } from './refusals.ts';
import { requestedCalls } from './requested-calls.ts';
import { takeStep } from './take-step.ts';

/** Newest proposals in a list that asks for no number of them. */
const DEFAULT_LAST = 20;

/**
 * Votes of the token's holders on the parameters, as one wallet takes part in them. Everything is checked before anything
 * is sent, and every refusal has a hint. Methods throw ChorusError: `E_GOVERNANCE_*`, and those of the chain.
 *
 * @example
 * const governance = new Governance(chain);
 * const { id } = await governance.propose({ title: 'A lower fee', changes: [{ name: 'protocol-fee', value: '50' }] });
 * await governance.vote(id!, { choice: 'for' });
 */
export class Governance {
  readonly #chain: VotingChain;

  constructor(chain: VotingChain) {
    this.#chain = chain;
  }

  async governance(): Promise<GovernanceDocument> {
    const chain = this.#chain;
    const [rules, power] = await Promise.all([chain.governance(), chain.votingPower()]);
    return governanceDocument(rules, power, chain);
  }

  async parameters({ token }: ParametersQuery = {}): Promise<ParametersDocument> {
    const chain = this.#chain;
    const [{ token: voting }, values, changes] = await Promise.all([
      chain.governance(),
      chain.parameterValues(),
      chain.parameterChanges(),
    ]);
    const asked = token?.toLowerCase() as Address | undefined;
    if (asked && !values.some((each) => each.token === asked)) {
      values.push({ name: 'minimum-stake', token: asked, value: 0n });
    }
    return {
      parameters: await Promise.all(values.map((each) => parameterDocument(each, changes, voting, chain))),
    };
  }

  async proposals({ last = DEFAULT_LAST }: { last?: number } = {}): Promise<ProposalList> {
    const { proposals, parts } = await knownProposals(this.#chain);
    const shown = proposals.map((proposal, i) => ({ proposal, number: i + 1 })).slice(-last);
    const documents = await Promise.all(
      shown.map(async ({ proposal, number }) => {
        const progress = await this.#chain.proposalProgress(proposal.id);
        return progress ? proposalDocument(proposal, progress, { ...parts, number }) : null;
      }),
    );
    return { total: proposals.length, proposals: documents.flatMap((each) => each ?? []).reverse() };
  }

  /** @param reference its number, its id, or 0x and the beginning of its id */
  async proposal(reference: string): Promise<ProposalDetail> {
    const { proposal, progress, parts } = await knownProposal(this.#chain, reference);
    const ballots = ballotDocuments(await this.#chain.ballots(proposal.id));
    return { ...proposalDocument(proposal, progress, parts), ...ballots };
  }

  async propose(request: ProposeRequest): Promise<ProposeResult> {
    const chain = this.#chain;
    const { title, description = '', dryRun = false } = request;
    const [rules, values, power] = await Promise.all([
      chain.governance(),
      chain.parameterValues(),
      chain.votingPower(),
    ]);
    const calls = requestedCalls(request, rules, values);
    if (power.votes < rules.threshold) {
      throw belowThreshold(power, rules.threshold, await decimalsOf(chain, rules.token));
    }
    const voteStart = rules.time + rules.votingDelay;
    const voteEnd = voteStart + rules.votingPeriod;
    const draft = {
      dryRun,
      calls: calls.map((call) => callDocument(call, rules, values)),
      votes: power.votes.toString(),
      voteStart: timeOf(voteStart),
      voteEnd: timeOf(voteEnd),
      executableAt: timeOf(voteEnd + rules.timelockDelay),
      governance: await governanceDocument(rules, power, chain),
    };
    if (dryRun) return { ...draft, id: null, short: null, number: null, transaction: null };
    const { proposalId, transaction } = await chain
      .propose(calls, descriptionOf(title, description))
      .catch((error: unknown) => {
        throw hasCode(error, 'E_CHAIN_WRONG_PHASE') ? proposedBefore(title, error) : error;
      });
    const { proposal, number } = findProposal(await chain.proposals(), proposalId.toString());
    return {
      ...draft,
      id: proposalId.toString(),
      short: shortId(proposalId),
      number,
      voteStart: timeOf(proposal.voteStart),
      voteEnd: timeOf(proposal.voteEnd),
      executableAt: timeOf(proposal.voteEnd + rules.timelockDelay),
      transaction,
    };
  }

  async vote(reference: string, request: VoteRequest): Promise<VoteResult> {
    const { choice, reason = '', anyway = false, dryRun = false } = request;
    const chain = this.#chain;
    const { proposal, progress, parts } = await knownProposal(this.#chain, reference);
    const { id } = proposal;
    if (progress.hasVoted) {
      throw new ChorusError(
        'E_GOVERNANCE_VOTED',
        'the wallet has voted on this proposal, and a vote cannot be changed',
        {
          facts: { proposal: shortId(id), wallet: chain.account },
          hint: `look at the votes: chorus governance show ${shortId(id)}`,
        },
      );
    }
    if (progress.state !== 'active') throw wrongState(id, 'vote on', progress, proposal);
    const weight = progress.weight ?? 0n;
    if (weight === 0n) {
      const decimals = await decimalsOf(chain, parts.rules.token);
      throw noVotes(id, proposal.voteStart, await chain.votingPower(), decimals);
    }
    if (choice === 'for' && !anyway && proposalDocument(proposal, progress, parts).unclear) throw unclear(id);
    const done = { dryRun, id: id.toString(), choice };
    if (dryRun) return { ...done, weight: weight.toString(), transaction: null };
    const sent = await chain.castVote(id, choice, reason);
    return { ...done, weight: sent.weight.toString(), transaction: sent.transaction };
  }

  /** Who votes with the tokens of this wallet from now on. */
  async delegateVotes({ to, dryRun = false }: DelegateRequest): Promise<DelegateResult> {
    const chain = this.#chain;
    const account = to.toLowerCase() as Address;
    if (BigInt(account) === 0n) {
      throw new ChorusError('E_GOVERNANCE_EMPTY', 'the zero address votes for no one', {
        hint: 'give another wallet, or --self',
      });
    }
    const { delegate, balance } = await chain.votingPower();
    const done = { dryRun, before: delegate, to: account, votes: balance.toString() };
    if (dryRun || delegate === account) return { ...done, transaction: null };
    const { transaction } = await chain.delegateVotes(account);
    return { ...done, transaction };
  }

  /** Start the delay of a proposal that has passed; one that is queued or executed already is as it was asked for. */
  async queueProposal(reference: string, { dryRun = false }: StepRequest = {}): Promise<StepResult> {
    return takeStep(this.#chain, reference, {
      dryRun,
      from: 'succeeded',
      done: ['queued', 'executed'],
      action: 'queue',
    });
  }

  /** Carry out a decision after its delay; one that is executed already is as it was asked for. */
  async executeProposal(reference: string, { dryRun = false }: StepRequest = {}): Promise<StepResult> {
    return takeStep(this.#chain, reference, {
      dryRun,
      action: 'execute',
      from: 'queued',
      done: ['executed'],
    });
  }
}
