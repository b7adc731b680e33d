import type {
  Address,
  Ballot,
  GovernanceChain,
  ParameterChange,
  ParameterValue,
  Proposal,
  ProposedCall,
  VoteChoice,
} from '@chorus/protocol';
import { lower, type MemoryLedger } from './ledger.ts';

/** Governance of a `MemoryLedger`, as one account sees it. */
export class MemoryGovernanceChain implements GovernanceChain {
  readonly account: Address;
  protected readonly ledger: MemoryLedger;

  constructor(ledger: MemoryLedger, account: Address) {
    this.ledger = ledger;
    this.account = account;
  }

  async governance() {
    const { governance } = this.ledger;
    return {
      contracts: governance.contracts,
      token: this.ledger.token,
      supply: governance.supply,
      time: this.ledger.now(),
      votingDelay: governance.number('voting-delay'),
      votingPeriod: governance.number('voting-period'),
      timelockDelay: governance.number('timelock-delay'),
      threshold: BigInt(governance.number('proposal-threshold')),
      quorumPercent: governance.number('quorum'),
    };
  }

  async parameterValues(): Promise<ParameterValue[]> {
    return structuredClone(this.ledger.governance.values());
  }

  async parameterChanges(): Promise<ParameterChange[]> {
    return structuredClone(this.ledger.governance.changes);
  }

  async proposals(): Promise<Proposal[]> {
    return [...this.ledger.governance.proposals.values()].map((decision) => {
      const { executableAt: _, votes: __, ballots: ___, ...proposal } = decision;
      return structuredClone(proposal);
    });
  }

  async proposalProgress(id: bigint, account: Address = this.account) {
    const { governance } = this.ledger;
    const decision = governance.proposals.get(id);
    if (!decision) return null;
    const voter = lower(account);
    const state = governance.state(decision, this.ledger.now());
    const counted = state !== 'pending';
    return {
      state,
      votes: { ...decision.votes },
      quorum: counted ? governance.quorum() : null,
      executableAt: decision.executableAt,
      weight: counted ? governance.votesAt(voter, decision.voteStart) : null,
      hasVoted: decision.ballots.some((ballot) => ballot.voter === voter),
    };
  }

  async ballots(id: bigint): Promise<Ballot[]> {
    const { ballots } = this.ledger.governance.find(id);
    return ballots.flatMap(({ counted, ...ballot }) => (counted ? [structuredClone(ballot)] : []));
  }

  async votingPower(account: Address = this.account) {
    const { governance, token } = this.ledger;
    const holder = lower(account);
    return {
      account: holder,
      balance: this.ledger.balance(token, holder),
      delegate: governance.delegates.get(holder) ?? null,
      votes: governance.votes(holder),
    };
  }

  delegateVotes(to: Address) {
    return this.ledger.transact(() => {
      this.ledger.governance.delegates.set(this.account, lower(to));
      return {};
    });
  }

  propose(calls: readonly ProposedCall[], description: string) {
    const { governance } = this.ledger;
    return this.ledger.transact(() => ({
      proposalId: governance.propose(this.account, calls, description, this.ledger.now(), this.ledger.next()),
    }));
  }

  castVote(id: bigint, choice: VoteChoice, reason = '') {
    const { governance } = this.ledger;
    return this.ledger.transact(() => ({
      weight: governance.vote(this.account, id, choice, reason, this.ledger.now(), this.ledger.next()),
    }));
  }

  queueProposal(id: bigint) {
    const { governance } = this.ledger;
    return this.ledger.transact(() => ({
      executableAt: governance.queue(id, this.ledger.now(), this.ledger.next()),
    }));
  }

  executeProposal(id: bigint) {
    return this.ledger.transact(() => {
      const { governance, revenue } = this.ledger;
      governance.execute(id, this.ledger.now(), this.ledger.next());
      revenue.feeBps = BigInt(governance.number('protocol-fee'));
      return {};
    });
  }
}
