import { describeCall, refusal } from '@chorus/chain';
import {
  type Address,
  type Ballot,
  PARAMETER_NAMES,
  type ParameterChange,
  type ParameterName,
  type ParameterValue,
  type Proposal,
  type ProposalState,
  type ProposedCall,
  parameterFault,
  parameterRule,
  sameParameter,
  type VoteChoice,
} from '@chorus/protocol';
import { AbiCoder, id as hashOf, keccak256 } from 'ethers';

interface Decision extends Proposal {
  executableAt: number | null;
  votes: Record<VoteChoice, bigint>;
  ballots: (Ballot & { counted: boolean })[];
}

/** What the rules ask of the rest of the chain. */
export interface GovernanceSurroundings {
  token: Address;
  balance(account: Address): bigint;
  treasury: Address;
  contestSeconds: number;
  unbondSeconds: number;
}

/** As the contracts are deployed for the compliance suite. */
const PRESETS: Partial<Record<ParameterName, bigint>> = {
  'voting-delay': 100n,
  'voting-period': 1000n,
  'timelock-delay': 1000n,
  'proposal-threshold': 10n ** 17n,
  quorum: 1n,
};
const SUPPLY = 10n ** 20n;
const START = { block: 0, transaction: `0x${'00'.repeat(32)}` } as const;

/** Votes of the token's holders on the parameters, as the governor, the timelock and the token keep them. */
export class GovernanceRulesTwin {
  readonly supply = SUPPLY;
  readonly contracts: Record<string, Address>;
  readonly #around: GovernanceSurroundings;
  readonly delegates = new Map<Address, Address>();
  /** Votes by account, from this time on. */
  #checkpoints: { time: number; votes: Map<Address, bigint> }[] = [];
  readonly proposals = new Map<bigint, Decision>();
  changes: ParameterChange[] = [];

  constructor(around: GovernanceSurroundings) {
    this.#around = around;
    this.contracts = {
      parameters: '0x000000000000000000000000000000000000fa4a',
      governor: '0x000000000000000000000000000000000000604e',
      timelock: '0x0000000000000000000000000000000000007104',
      token: around.token,
    };
    for (const name of PARAMETER_NAMES) {
      const set: Partial<Record<ParameterName, bigint | Address>> = {
        ...PRESETS,
        treasury: around.treasury,
        'contest-window': BigInt(around.contestSeconds),
        'unbonding-period': BigInt(around.unbondSeconds),
      };
      if (name === 'minimum-stake') continue;
      const value = set[name] ?? parameterRule(name).preset!;
      this.changes.push({ name, token: null, value, position: START, time: 0, proposal: null });
    }
  }

  clone(): GovernanceRulesTwin {
    const copy = new GovernanceRulesTwin(this.#around);
    for (const [from, to] of this.delegates) copy.delegates.set(from, to);
    for (const [id, decision] of this.proposals) copy.proposals.set(id, structuredClone(decision));
    copy.#checkpoints = [...this.#checkpoints];
    copy.changes = [...this.changes];
    return copy;
  }

  values(): ParameterValue[] {
    const unset = { name: 'minimum-stake', token: this.#around.token, value: 0n } as const;
    const values: ParameterValue[] = [unset];
    for (const { name, token, value } of this.changes) {
      const at = values.findIndex((each) => sameParameter(each, { name, token }));
      if (at < 0) values.push({ name, token, value });
      else values[at] = { name, token, value };
    }
    return values;
  }

  number(name: ParameterName): number {
    return Number(this.changes.findLast((change) => change.name === name)!.value);
  }

  /** Remember the votes as they are after a transaction. */
  checkpoint(time: number): void {
    if (this.delegates.size === 0) return;
    const votes = new Map<Address, bigint>();
    for (const [from, to] of this.delegates)
      votes.set(to, (votes.get(to) ?? 0n) + this.#around.balance(from));
    this.#checkpoints.push({ time, votes });
  }

  votes(account: Address): bigint {
    return this.#checkpoints.at(-1)?.votes.get(account) ?? 0n;
  }

  votesAt(account: Address, time: number): bigint {
    return this.#checkpoints.findLast((each) => each.time <= time)?.votes.get(account) ?? 0n;
  }

  find(id: bigint): Decision {
    const found = this.proposals.get(id);
    if (!found) throw refusal('GovernorNonexistentProposal', 'find a proposal', { proposal: id });
    return found;
  }

  quorum(): bigint {
    return (SUPPLY * BigInt(this.number('quorum'))) / 100n;
  }

  state(decision: Decision, now: number): ProposalState {
    if (decision.executed) return 'executed';
    if (decision.voteStart >= now) return 'pending';
    if (decision.voteEnd >= now) return 'active';
    const { votes } = decision;
    if (votes.for <= votes.against || votes.for + votes.abstain < this.quorum()) return 'defeated';
    return decision.queued ? 'queued' : 'succeeded';
  }

  propose(
    proposer: Address,
    calls: readonly ProposedCall[],
    description: string,
    now: number,
    at: Proposal['position'],
  ) {
    const votes = this.votesAt(proposer, now - 1);
    if (votes < BigInt(this.number('proposal-threshold'))) {
      throw refusal('GovernorInsufficientProposerVotes', 'propose', { proposer, votes });
    }
    if (calls.length === 0) throw refusal('GovernorInvalidProposalLength', 'propose');
    const parts = [calls.map((c) => c.target), calls.map((c) => c.value), calls.map((c) => c.data)];
    const types = ['address[]', 'uint256[]', 'bytes[]', 'bytes32'];
    const id = BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(types, [...parts, hashOf(description)])));
    if (this.proposals.has(id)) throw refusal('GovernorUnexpectedProposalState', 'propose', { proposal: id });
    const voteStart = now + this.number('voting-delay');
    this.proposals.set(id, {
      ...{ id, proposer, description, calls: structuredClone([...calls]), complete: true, position: at },
      ...{ voteStart, voteEnd: voteStart + this.number('voting-period') },
      ...{ queued: null, executed: null, executableAt: null, ballots: [] },
      votes: { against: 0n, for: 0n, abstain: 0n },
    });
    return id;
  }

  vote(
    voter: Address,
    id: bigint,
    choice: VoteChoice,
    reason: string,
    now: number,
    position: Proposal['position'],
  ) {
    const decision = this.#in(id, ['active'], now, 'vote');
    if (decision.ballots.some((ballot) => ballot.voter === voter)) {
      throw refusal('GovernorAlreadyCastVote', 'vote', { voter });
    }
    const weight = this.votesAt(voter, decision.voteStart);
    decision.votes[choice] += weight;
    decision.ballots.push({ voter, choice, weight, reason, position, counted: weight > 0n });
    return weight;
  }

  queue(id: bigint, now: number, position: Proposal['position']): number {
    const decision = this.#in(id, ['succeeded'], now, 'queue a decision');
    decision.queued = position;
    decision.executableAt = now + this.number('timelock-delay');
    return decision.executableAt;
  }

  execute(id: bigint, now: number, position: Proposal['position']): void {
    const decision = this.#in(id, ['succeeded', 'queued'], now, 'execute a decision');
    if (decision.executableAt === null || decision.executableAt > now) {
      throw refusal('TimelockUnexpectedOperationState', 'execute a decision');
    }
    for (const call of decision.calls) {
      const { sets } = describeCall(call, this.contracts);
      const after = [
        ...sets,
        ...this.values().filter((each) => !sets.some((set) => sameParameter(set, each))),
      ];
      const fault = parameterFault(after);
      if (fault) throw refusal('ValueOutOfBounds', 'execute a decision', { parameter: fault.name });
      for (const set of sets) this.changes.push({ ...set, position, time: now, proposal: id });
    }
    decision.executed = position;
  }

  #in(id: bigint, states: readonly ProposalState[], now: number, action: string): Decision {
    const decision = this.find(id);
    const state = this.state(decision, now);
    if (!states.includes(state)) throw refusal('GovernorUnexpectedProposalState', action, { state });
    return decision;
  }
}
