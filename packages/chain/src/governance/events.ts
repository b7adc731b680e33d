import {
  type Address,
  type Ballot,
  type EventPosition,
  type Hex,
  MAX_CALL_BYTES,
  MAX_DESCRIPTION,
  MAX_PROPOSED_CALLS,
  MAX_VOTE_REASON,
  type ParameterValue,
  type ProposedCall,
  VOTE_CHOICES,
} from '@chorus/protocol';
import {
  AbiCoder,
  dataLength,
  dataSlice,
  getBytes,
  keccak256,
  type LogDescription,
  type Result,
} from 'ethers';
import { GOVERNOR, PARAMETERS, TIMELOCK } from '../abi/abis.ts';
import type { GovernanceAddresses } from '../contracts/governance.ts';
import type { IndexedLog } from '../events/store.ts';
import { slashingValues } from './calls.ts';

/** What is kept of an event of the governor, the timelock or the parameters: bounded, however much the event holds. */
export type GovernanceEvent = { position: EventPosition } & (
  | {
      type: 'proposed';
      id: bigint;
      proposer: Address;
      description: string;
      calls: ProposedCall[];
      complete: boolean;
      voteStart: number;
      voteEnd: number;
    }
  | ({ type: 'ballot'; id: bigint } & Omit<Ballot, 'position'>)
  | { type: 'queued' | 'executed'; id: bigint }
  | { type: 'set'; values: ParameterValue[] }
);

/** A proposal's calls in full, as the governor takes them. */
export interface FullProposal {
  id: bigint;
  targets: Address[];
  values: bigint[];
  calldatas: Hex[];
  descriptionHash: Hex;
}

// Texts are read as bytes: those of others need not be UTF-8, and a decoder that refuses them would hide a proposal.
const PROPOSED = [
  'uint256',
  'address',
  'address[]',
  'uint256[]',
  'bytes[]',
  'bytes[]',
  'uint256',
  'uint256',
  'bytes',
];
const CAST = ['uint256', 'uint8', 'uint256', 'bytes'];

const coder = AbiCoder.defaultAbiCoder();
const topicOf = (name: string): string => GOVERNOR.getEvent(name)!.topicHash;
const PROPOSAL_CREATED = topicOf('ProposalCreated');
const CASTS = [topicOf('VoteCast'), topicOf('VoteCastWithParams')];

const lower = (value: unknown): Address => String(value).toLowerCase() as Address;

/** The beginning of a text; bytes that are no UTF-8 become U+FFFD. */
function textOf(data: string, characters: number): string {
  // No character takes more than four bytes.
  const bytes = getBytes(dataSlice(data, 0, Math.min(dataLength(data), 4 * characters)));
  return new TextDecoder().decode(bytes).slice(0, characters);
}

/** What is kept of a log; null: nothing. */
export function keptOf({
  governor,
  timelock,
}: GovernanceAddresses): (log: IndexedLog) => GovernanceEvent | null {
  return (log) => {
    const position = { block: log.blockNumber, transaction: log.transactionHash as Hex };
    if (log.address === governor) return governorEvent(log, position);
    const parsed = (log.address === timelock ? TIMELOCK : PARAMETERS).parseLog(log);
    const values = parsed ? valuesOf(parsed) : [];
    return values.length === 0 ? null : { type: 'set', position, values };
  };
}

function governorEvent(log: IndexedLog, position: EventPosition): GovernanceEvent | null {
  const [topic] = log.topics;
  if (topic === PROPOSAL_CREATED) return { type: 'proposed', position, ...proposedOf(log) };
  if (CASTS.includes(topic!)) return ballotOf(log, position);
  const parsed = GOVERNOR.parseLog(log);
  if (!parsed) return null;
  const { name, args } = parsed;
  if (name === 'ProposalQueued') return { type: 'queued', position, id: args.proposalId };
  if (name === 'ProposalExecuted') return { type: 'executed', position, id: args.proposalId };
  const values = valuesOf(parsed);
  return values.length === 0 ? null : { type: 'set', position, values };
}

function proposedOf(log: IndexedLog) {
  const [id, proposer, targets, values, , calldatas, voteStart, voteEnd, description] = coder.decode(
    PROPOSED,
    log.data,
  );
  const datas: Hex[] = [...calldatas];
  const calls = datas.slice(0, MAX_PROPOSED_CALLS).map((data, i) => ({
    target: lower(targets[i]),
    value: values[i] as bigint,
    data: (dataLength(data) > MAX_CALL_BYTES ? dataSlice(data, 0, MAX_CALL_BYTES) : data) as Hex,
  }));
  return {
    id: id as bigint,
    proposer: lower(proposer),
    description: textOf(description, MAX_DESCRIPTION),
    calls,
    complete: calls.length === datas.length && calls.every(({ data }, i) => data === datas[i]),
    voteStart: timeOf(voteStart),
    voteEnd: timeOf(voteEnd),
  };
}

/** Times of the contract have 48 bits. */
const timeOf = (seconds: bigint): number => Number(seconds);

function ballotOf(log: IndexedLog, position: EventPosition): GovernanceEvent | null {
  // Votes with parameters have one more field at the end.
  const [id, support, weight, reason] = coder.decode(CAST, log.data);
  // Anyone can vote with nothing, any number of times by other accounts.
  if (weight === 0n) return null;
  return {
    type: 'ballot',
    position,
    id,
    voter: lower(dataSlice(log.topics[1]!, 12)),
    choice: VOTE_CHOICES[Number(support)]!,
    weight,
    reason: textOf(reason, MAX_VOTE_REASON),
  };
}

/** The parameters that an event says were set. */
function valuesOf({ name, args }: LogDescription): ParameterValue[] {
  const one = (parameter: ParameterValue['name'], value: bigint | Address, token: Address | null = null) => [
    { name: parameter, token, value },
  ];
  const setters: Record<string, (args: Result) => ParameterValue[]> = {
    ProtocolFeeSet: ({ bps }) => one('protocol-fee', bps),
    TreasurySet: ({ treasury }) => one('treasury', lower(treasury)),
    ContestSecondsSet: ({ value }) => one('contest-window', value),
    UnbondSecondsSet: ({ value }) => one('unbonding-period', value),
    MinPhaseSecondsSet: ({ value }) => one('minimum-phase', value),
    MinimumStakeSet: ({ token, amount }) => one('minimum-stake', amount, lower(token)),
    SlashingSet: ({ slashing }) => slashingValues(slashing),
    VotingDelaySet: ({ newVotingDelay }) => one('voting-delay', newVotingDelay),
    VotingPeriodSet: ({ newVotingPeriod }) => one('voting-period', newVotingPeriod),
    ProposalThresholdSet: ({ newProposalThreshold }) => one('proposal-threshold', newProposalThreshold),
    QuorumNumeratorUpdated: ({ newQuorumNumerator }) => one('quorum', newQuorumNumerator),
    MinDelayChange: ({ newDuration }) => one('timelock-delay', newDuration),
  };
  return setters[name]?.(args) ?? [];
}

/** The proposal of a `ProposalCreated` log; null for any other log. */
export function fullProposal(log: IndexedLog): FullProposal | null {
  if (log.topics[0] !== PROPOSAL_CREATED) return null;
  const [id, , targets, values, , calldatas, , , description] = coder.decode(PROPOSED, log.data);
  return {
    id,
    targets: [...targets].map(lower),
    values: [...values],
    calldatas: [...calldatas],
    descriptionHash: keccak256(description) as Hex,
  };
}
