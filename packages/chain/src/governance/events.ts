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
import { dataSlice, keccak256, type LogDescription, type Result } from 'ethers';
import { GOVERNOR, PARAMETERS, TIMELOCK } from '../abi/abis.ts';
import { lower } from '../abi/lower.ts';
import { Words } from '../abi/words.ts';
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

const topicOf = (name: string): string => GOVERNOR.getEvent(name)!.topicHash;
const PROPOSAL_CREATED = topicOf('ProposalCreated');
const CASTS = [topicOf('VoteCast'), topicOf('VoteCastWithParams')];

/**
 * The beginning of a text. Those of others need not be UTF-8, and a decoder that refuses them would hide a proposal: bytes
 * that are no UTF-8 become U+FFFD.
 */
function textOf(bytes: Buffer, characters: number): string {
  // No character takes more than four bytes.
  return new TextDecoder().decode(bytes.subarray(0, 4 * characters)).slice(0, characters);
}

const hexOf = (bytes: Buffer): Hex => `0x${bytes.toString('hex')}`;

/** The fields of `ProposalCreated`, in its order. */
const FIELD = {
  id: 0,
  proposer: 1,
  targets: 2,
  values: 3,
  calldatas: 5,
  voteStart: 6,
  voteEnd: 7,
  description: 8,
};

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
  const words = Words.of(log.data);
  const { length, calls } = callsOf(words, MAX_PROPOSED_CALLS, MAX_CALL_BYTES);
  return {
    id: words.uint(FIELD.id),
    proposer: words.address(FIELD.proposer),
    description: textOf(words.bytes(FIELD.description), MAX_DESCRIPTION),
    calls: calls.map(({ call }) => call),
    complete: length === calls.length && calls.every(({ whole }) => whole),
    // Times of the contract have 48 bits.
    voteStart: Number(words.uint(FIELD.voteStart)),
    voteEnd: Number(words.uint(FIELD.voteEnd)),
  };
}

/** The first calls of a proposal, and the first bytes of each. */
function callsOf(words: Words, most: number, mostBytes: number) {
  const [targets, values] = [words.list(FIELD.targets), words.list(FIELD.values)];
  const { length, elements } = words.list(FIELD.calldatas);
  const calls = Array.from({ length: Math.min(length, most) }, (_, i) => {
    const bytes = elements.bytes(i);
    const call: ProposedCall = {
      target: targets.elements.address(i),
      value: values.elements.uint(i),
      data: hexOf(bytes.subarray(0, mostBytes)),
    };
    return { call, whole: bytes.length <= mostBytes };
  });
  return { length, calls };
}

function ballotOf(log: IndexedLog, position: EventPosition): GovernanceEvent | null {
  // Votes with parameters have one more field at the end.
  const words = Words.of(log.data);
  const weight = words.uint(2);
  // Anyone can vote with nothing, any number of times by other accounts.
  if (weight === 0n) return null;
  return {
    type: 'ballot',
    position,
    id: words.uint(0),
    voter: lower(dataSlice(log.topics[1]!, 12)),
    choice: VOTE_CHOICES[Number(words.uint(1))]!,
    weight,
    reason: textOf(words.bytes(3), MAX_VOTE_REASON),
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
  const words = Words.of(log.data);
  const { calls } = callsOf(words, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  return {
    id: words.uint(FIELD.id),
    targets: calls.map(({ call }) => call.target),
    values: calls.map(({ call }) => call.value),
    calldatas: calls.map(({ call }) => call.data),
    descriptionHash: keccak256(words.bytes(FIELD.description)) as Hex,
  };
}
