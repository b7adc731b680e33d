import type {
  GovernanceDocument,
  ParameterDocument,
  ProposalDetail,
  ProposalDocument,
  ProposedCallDocument,
  VotingPowerDocument,
} from '@chorus/admin-api';
import { decimalsOf, describeCall } from '@chorus/chain';
import {
  type Address,
  type Ballot,
  type GovernanceRules,
  type ParameterChange,
  type ParameterValue,
  type Proposal,
  type ProposalProgress,
  type ProposedCall,
  parameterFault,
  parameterRule,
  plainLine,
  sameParameter,
  type VotingPower,
} from '@chorus/protocol';
import { shortId } from './find-proposal.ts';
import type { VotingChain } from './governance-chain.ts';
import { readDescription } from './proposal-text.ts';

/** Most votes in the document of a proposal. */
const MAX_BALLOTS = 200;

export const timeOf = (seconds: number): string =>
  new Date(1000 * Math.min(seconds, 8_640_000_000_000)).toISOString();

const numberOf = (value: bigint | Address | null): string | null =>
  value === null ? null : value.toString();

export const quorumOf = ({ supply, quorumPercent }: GovernanceRules): bigint =>
  (supply * BigInt(quorumPercent)) / 100n;

const powerDocument = ({ account, balance, delegate, votes }: VotingPower): VotingPowerDocument => ({
  account,
  balance: balance.toString(),
  delegate,
  votes: votes.toString(),
});

export async function governanceDocument(
  rules: GovernanceRules,
  power: VotingPower,
  chain: VotingChain,
): Promise<GovernanceDocument> {
  const { contracts, token, supply, time, votingDelay, votingPeriod, timelockDelay, threshold } = rules;
  return {
    governor: contracts.governor!,
    timelock: contracts.timelock!,
    parameters: contracts.parameters!,
    ...(await tokenOf(token, chain)),
    token,
    supply: supply.toString(),
    time: timeOf(time),
    ...{ votingDelay, votingPeriod, timelockDelay },
    threshold: threshold.toString(),
    quorum: quorumOf(rules).toString(),
    quorumPercent: rules.quorumPercent,
    wallet: powerDocument(power),
  };
}

/** Anyone can name a token, even one whose contract does not answer. */
export async function tokenOf(token: Address, chain: VotingChain) {
  const [symbol, decimals] = await Promise.all([
    chain.symbol(token).catch(() => null),
    decimalsOf(chain, token),
  ]);
  return { symbol: symbol === null ? null : plainLine(symbol), decimals };
}

/** @param token that votes: its votes are amounts */
export async function parameterDocument(
  current: ParameterValue,
  changes: readonly ParameterChange[],
  token: Address,
  chain: VotingChain,
): Promise<ParameterDocument> {
  const { name, value } = current;
  const { title, unit, least, most, preset, effect } = parameterRule(name);
  const last = changes.findLast((change) => sameParameter(change, current));
  const counted = current.token ?? (unit === 'tokens' ? token : null);
  return {
    name,
    ...{ title, unit, effect },
    token: counted,
    ...(counted === null ? { symbol: null, decimals: null } : await tokenOf(counted, chain)),
    value: value.toString(),
    least: numberOf(least),
    most: numberOf(most),
    preset: numberOf(preset),
    changed: last
      ? {
          time: timeOf(last.time),
          ...last.position,
          proposal: last.proposal === null ? null : last.proposal.toString(),
        }
      : null,
  };
}

/** What a proposed call does. @param before the parameters as they are, or were when it was carried out */
export function callDocument(
  call: ProposedCall,
  rules: GovernanceRules,
  before: readonly ParameterValue[],
  complete = true,
): ProposedCallDocument {
  const { contract, method, args, sets, warning } = describeCall(call, rules.contracts, complete);
  const after = [...sets, ...before.filter((each) => !sets.some((set) => sameParameter(set, each)))];
  const fault = sets.length === 0 ? null : parameterFault(after);
  return {
    target: call.target,
    coins: call.value.toString(),
    ...{ contract, method, args, warning },
    selector: call.data.slice(0, 10),
    bytes: (call.data.length - 2) / 2,
    sets: sets.map((set) => ({
      name: set.name,
      token: set.token,
      from: valueIn(before, set)?.toString() ?? null,
      to: set.value.toString(),
      fault: fault?.name === set.name ? fault.fault : null,
    })),
  };
}

/** No event is written for a least stake that was never set: it is 0. */
const valueIn = (values: readonly ParameterValue[], of: ParameterValue): bigint | Address | null =>
  values.find((each) => sameParameter(each, of))?.value ?? (of.name === 'minimum-stake' ? 0n : null);

/** The parameters right before a transaction, as far as events tell. */
export function valuesBefore(changes: readonly ParameterChange[], transaction: string): ParameterValue[] {
  const until = changes.findIndex(({ position }) => position.transaction === transaction);
  const values: ParameterValue[] = [];
  for (const change of until < 0 ? changes : changes.slice(0, until)) {
    const at = values.findIndex((each) => sameParameter(each, change));
    if (at < 0) values.push(change);
    else values[at] = change;
  }
  return values;
}

export interface ProposalParts {
  number: number;
  rules: GovernanceRules;
  values: readonly ParameterValue[];
  changes: readonly ParameterChange[];
}

export function proposalDocument(
  proposal: Proposal,
  progress: ProposalProgress,
  { number, rules, values, changes }: ProposalParts,
): ProposalDocument {
  const { title, text } = readDescription(proposal.description);
  const before = proposal.executed ? valuesBefore(changes, proposal.executed.transaction) : values;
  const calls = proposal.calls.map((call) => callDocument(call, rules, before, proposal.complete));
  return {
    id: proposal.id.toString(),
    short: shortId(proposal.id),
    number,
    proposer: proposal.proposer,
    title,
    description: text,
    state: progress.state,
    voteStart: timeOf(proposal.voteStart),
    voteEnd: timeOf(proposal.voteEnd),
    executableAt: progress.executableAt === null ? null : timeOf(progress.executableAt),
    votes: {
      for: progress.votes.for.toString(),
      against: progress.votes.against.toString(),
      abstain: progress.votes.abstain.toString(),
    },
    quorum: (progress.quorum ?? quorumOf(rules)).toString(),
    wallet: { weight: numberOf(progress.weight), voted: progress.hasVoted },
    calls,
    complete: proposal.complete,
    unclear: !proposal.complete || calls.some(({ method }) => method === null),
    proposed: proposal.position.transaction,
    executed: proposal.executed?.transaction ?? null,
  };
}

/** The largest votes of a proposal. */
export function ballotDocuments(ballots: readonly Ballot[]): Pick<ProposalDetail, 'ballots' | 'ballotCount'> {
  const largest = [...ballots].sort((a, b) => (a.weight < b.weight ? 1 : -1)).slice(0, MAX_BALLOTS);
  return {
    ballots: largest.map(({ voter, choice, weight, reason, position }) => ({
      voter,
      choice,
      weight: weight.toString(),
      reason: plainLine(reason),
      transaction: position.transaction,
    })),
    ballotCount: ballots.length,
  };
}
