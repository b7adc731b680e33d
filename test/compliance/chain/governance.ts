import { callsToSet } from '@chorus/chain';
import { type ChainPort, type ParameterValue, sameParameter } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused } from './fixture.ts';

/** Votes on the parameters. The last of the suite: they change the parameters of what comes after. */
export function describeGovernance(get: () => Fixture): void {
  const read = async (port: ChainPort, name: ParameterValue['name']) =>
    (await port.parameterValues()).find((each) => each.name === name)!.value;
  const setter = async (changes: ParameterValue[]) => {
    const { owner } = get();
    return callsToSet(changes, await owner.parameterValues(), (await owner.governance()).contracts);
  };
  const fee = (value: bigint): ParameterValue => ({ name: 'protocol-fee', token: null, value });
  const { passTime } = { passTime: (seconds: number) => get().world.passTime(seconds) };
  const toVote = async () => passTime((await get().owner.governance()).votingDelay + 1);
  const toEnd = async () => passTime((await get().owner.governance()).votingPeriod + 1);
  const toExecution = async () => passTime((await get().owner.governance()).timelockDelay + 1);
  const stateOf = async (id: bigint) => (await get().owner.proposalProgress(id))?.state;

  describe('governance', () => {
    it('votes count once they are delegated, and from then on', async () => {
      const { owner, trainers } = get();
      const [other] = [trainers[0]!];
      const before = await owner.votingPower();
      expect(before).toMatchObject({ account: owner.account, delegate: null, votes: 0n });
      expect(before.balance).toBeGreaterThan(0n);
      await refused('E_CHAIN_NOT_ALLOWED', owner.propose(await setter([fee(200n)]), 'too early'));
      await owner.delegateVotes(owner.account);
      await other.delegateVotes(owner.account);
      await passTime(1);
      const { votes, delegate } = await owner.votingPower();
      expect(delegate).toBe(owner.account);
      expect(votes).toBe(before.balance + (await other.votingPower()).balance);
      expect(await owner.votingPower(other.account)).toMatchObject({ delegate: owner.account, votes: 0n });
    });

    it('a parameter is changed by a vote: proposed, voted on, queued, executed after the delay', async () => {
      const { owner, trainers } = get();
      const [late] = [trainers[1]!];
      const calls = await setter([fee(250n), { name: 'absence-cap', token: null, value: 500n }]);
      expect(calls).toHaveLength(2);
      const { proposalId } = await owner.propose(calls, 'a higher fee\n\nand a lower cap');
      const [proposal] = (await owner.proposals()).filter(({ id }) => id === proposalId);
      expect(proposal).toMatchObject({
        proposer: owner.account,
        description: 'a higher fee\n\nand a lower cap',
        calls,
        complete: true,
        queued: null,
        executed: null,
      });
      const { votingDelay, votingPeriod } = await owner.governance();
      expect(proposal!.voteEnd - proposal!.voteStart).toBe(votingPeriod);
      expect(await owner.proposalProgress(proposalId)).toEqual({
        state: 'pending',
        votes: { against: 0n, for: 0n, abstain: 0n },
        quorum: null,
        executableAt: null,
        weight: null,
        hasVoted: false,
      });
      await refused('E_CHAIN_WRONG_PHASE', owner.castVote(proposalId, 'for'));
      await passTime(votingDelay + 1);
      // Too late for this vote.
      await late.delegateVotes(late.account);
      const { weight } = await owner.castVote(proposalId, 'for', 'because');
      expect((await late.castVote(proposalId, 'against')).weight).toBe(0n);
      await refused('E_CHAIN_ALREADY_DONE', owner.castVote(proposalId, 'against'));
      await refused('E_CHAIN_WRONG_PHASE', owner.queueProposal(proposalId));
      const progress = await owner.proposalProgress(proposalId);
      expect(progress).toMatchObject({ state: 'active', weight, hasVoted: true });
      expect(progress!.votes).toEqual({ against: 0n, for: weight, abstain: 0n });
      const { supply, quorumPercent } = await owner.governance();
      expect(progress!.quorum).toBe((supply * BigInt(quorumPercent)) / 100n);
      expect(weight).toBeGreaterThan(progress!.quorum!);
      expect(await owner.ballots(proposalId)).toMatchObject([
        { voter: owner.account, choice: 'for', weight, reason: 'because' },
      ]);
      await toEnd();
      expect(await stateOf(proposalId)).toBe('succeeded');
      const { executableAt } = await late.queueProposal(proposalId);
      expect(await owner.proposalProgress(proposalId)).toMatchObject({ state: 'queued', executableAt });
      await refused('E_CHAIN_WRONG_PHASE', late.queueProposal(proposalId));
      await refused('E_CHAIN_WRONG_PHASE', late.executeProposal(proposalId));
      expect(await read(owner, 'protocol-fee')).toBe(100n);
      await toExecution();
      const { transaction, block } = await late.executeProposal(proposalId);
      expect(await stateOf(proposalId)).toBe('executed');
      await refused('E_CHAIN_WRONG_PHASE', late.executeProposal(proposalId));
      expect([await read(owner, 'protocol-fee'), await read(owner, 'absence-cap')]).toEqual([250n, 500n]);
      expect((await owner.proposals()).find(({ id }) => id === proposalId)!.executed).toEqual({
        block,
        transaction,
      });
      const changes = (await owner.parameterChanges()).filter(({ name }) => name === 'protocol-fee');
      expect(changes.map(({ value, proposal: by }) => [value, by])).toEqual([
        [100n, null],
        [250n, proposalId],
      ]);
      const task = await owner.task(await get().create());
      expect([task.protocolFeeBps, task.slashing.absenceCap]).toEqual([250, 500]);
    });

    it('a vote without a majority or a quorum changes nothing', async () => {
      const { owner } = get();
      const small = get().trainers[1]!;
      const { proposalId } = await owner.propose(await setter([fee(300n)]), 'refused');
      const { proposalId: quiet } = await owner.propose(await setter([fee(301n)]), 'not noticed');
      await toVote();
      await owner.castVote(proposalId, 'against');
      await small.castVote(quiet, 'for');
      await toEnd();
      expect([await stateOf(proposalId), await stateOf(quiet)]).toEqual(['defeated', 'defeated']);
      await refused('E_CHAIN_WRONG_PHASE', owner.queueProposal(proposalId));
    });

    it('a decision beyond the bounds of a parameter is never carried out', async () => {
      const { owner } = get();
      const { proposalId } = await owner.propose(await setter([fee(501n)]), 'too much');
      await toVote();
      await owner.castVote(proposalId, 'for');
      await toEnd();
      await owner.queueProposal(proposalId);
      await toExecution();
      await refused('E_CHAIN_INVALID_PARAMS', owner.executeProposal(proposalId));
      expect(await stateOf(proposalId)).toBe('queued');
    });

    it('every parameter is read with its value, and its latest change is that value', async () => {
      const { owner } = get();
      const changes = await owner.parameterChanges();
      const values = await owner.parameterValues();
      expect(values).toHaveLength(19);
      for (const value of values) {
        const last = changes.findLast((change) => sameParameter(change, value));
        if (last || value.name !== 'minimum-stake') expect(last, value.name).toMatchObject(value);
      }
    });

    it('a proposal that the chain does not know has no progress', async () => {
      expect(await get().owner.proposalProgress(7n)).toBeNull();
      await refused('E_CHAIN_INVALID_PARAMS', get().owner.queueProposal(7n));
    });
  });
}
