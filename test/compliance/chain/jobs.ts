import type { Address, ChainPort, Hex, JobVote, MarketTerms } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused, SALT } from './fixture.ts';

const DIGEST: Hex = `0x${'d1'.repeat(32)}`;
const GROUNDS: Hex = `0x${'6f'.repeat(32)}`;
const DAY = 86_400;

/** Jobs, disputes and juries. What random calls in a row do is held to the contracts by `test/economy`. */
export function describeJobs(get: () => Fixture): void {
  const token = () => get().world.token;
  const client = () => get().owner;
  const provider = () => get().trainers[0]!;
  const jurors = () => get().validators.concat(get().aggregators[0]!);
  const termsOf = async (): Promise<MarketTerms> => (await client().marketTerms())!;
  const pass = (seconds: number) => get().world.passTime(seconds);
  const balance = (port: ChainPort) => port.balance(token(), port.account);

  const create = async (evaluator?: Address, days = 10) => {
    const [terms, now] = [await termsOf(), await client().now()];
    const { jobId } = await client().createJob({
      ...{ token: token(), provider: provider().account, description: 'ipfs://what-to-do' },
      ...{ evaluator: evaluator ?? terms.evaluator, expiredAt: now + days * DAY },
    });
    return jobId;
  };
  const funded = async (budget = 10_001n, evaluator?: Address) => {
    const jobId = await create(evaluator);
    await provider().setJobBudget(jobId, budget);
    await client().fundJob(jobId, budget);
    return jobId;
  };
  const submitted = async (budget?: bigint, evaluator?: Address) => {
    const jobId = await funded(budget, evaluator);
    await provider().submitJob(jobId, DIGEST);
    return jobId;
  };
  /** Seats of the validators and one aggregator, taken before the job is funded. */
  const seated = async () => {
    for (const port of jurors()) {
      const agentId = get().agentOf(port);
      if ((await port.seatTakenAt(agentId)) === null) await port.takeSeat(agentId);
    }
    await pass(10);
  };
  const defended = async (budget?: bigint) => {
    await seated();
    const jobId = await submitted(budget);
    await client().disputeJob(jobId, GROUNDS);
    await provider().defendJob(jobId, null);
    return jobId;
  };
  const vote = async (jobId: bigint, votes: (JobVote | null)[]) => {
    const cast = async (what: 'commitVote' | 'revealVote') => {
      for (const [i, port] of jurors().entries()) {
        if (votes[i]) await port[what](jobId, get().agentOf(port), votes[i], SALT);
      }
    };
    await client().drawJury(jobId);
    await cast('commitVote');
    if (votes.includes(null)) await pass((await termsOf()).stepSeconds);
    await cast('revealVote');
  };
  /** What was owed before is taken out, so that sums below are of one job. */
  const cleared = async (ports: ChainPort[]) => {
    for (const port of ports) {
      const { payments, bonds } = await port.owedByMarket(token(), port.account);
      if (payments > 0n) await port.withdrawFromMarket(token(), 'payments');
      if (bonds > 0n) await port.withdrawFromMarket(token(), 'bonds');
    }
  };

  describe('jobs in escrow', () => {
    it('one that is not disputed completes after the window, by anyone’s call, less the fee', async () => {
      const before = [await balance(client()), await balance(provider())] as const;
      const owed = await client().owedByMarket(token(), get().world.treasury);
      const jobId = await submitted(10_001n);
      expect(await client().job(jobId)).toMatchObject({
        ...{ client: client().account, provider: provider().account, budget: 10_001n, status: 'submitted' },
        ...{ deliverable: DIGEST, payout: provider().account, feeBps: 100, description: 'ipfs://what-to-do' },
      });
      expect(await client().jobDispute(jobId)).toBeNull();
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', provider().settleJob(jobId));
      await pass((await termsOf()).windowSeconds);
      await refused('E_CHAIN_DEADLINE_PASSED', client().disputeJob(jobId, null));
      await get().trainers[1]!.settleJob(jobId);
      expect((await client().job(jobId)).status).toBe('completed');
      expect((await balance(client())) - before[0]).toBe(-10_001n);
      expect((await balance(provider())) - before[1]).toBe(9901n);
      const { payments } = await client().owedByMarket(token(), get().world.treasury);
      expect(payments - owed.payments).toBe(100n);
      await refused('E_CHAIN_WRONG_PHASE', provider().settleJob(jobId));
    });

    it('the client may accept the work at once, and the provider give the job up', async () => {
      const accepted = await submitted();
      await refused('E_CHAIN_NOT_ALLOWED', provider().acceptJob(accepted));
      await client().acceptJob(accepted);
      expect((await client().job(accepted)).status).toBe('completed');
      const before = await balance(client());
      const givenUp = await funded(500n);
      await refused('E_CHAIN_NOT_ALLOWED', client().giveUpJob(givenUp));
      await provider().giveUpJob(givenUp);
      expect((await client().job(givenUp)).status).toBe('rejected');
      expect(await balance(client())).toBe(before);
    });

    it('the provider is paid where it says; an agent’s till gets the budget whole, since it takes the fee', async () => {
      const { agentId } = await provider().registerAgent('12D3KooWExample/agents/hired/');
      const jobId = await submitted(1000n);
      await refused('E_CHAIN_NOT_ALLOWED', client().setJobPayout(jobId, client().account));
      await provider().setJobPayout(jobId, { agentId });
      expect((await client().job(jobId)).feeBps).toBe(0);
      await client().acceptJob(jobId);
      expect(await client().collectable(agentId, token())).toBe(1000n);
    });

    it('a client that is the evaluator decides alone, and nothing but the end of the job stops it', async () => {
      const jobId = await submitted(700n, client().account);
      await refused('E_CHAIN_WRONG_PHASE', client().disputeJob(jobId, null));
      await refused('E_CHAIN_NOT_ALLOWED', provider().completeJob(jobId, DIGEST));
      await client().rejectJob(jobId, GROUNDS);
      expect((await client().job(jobId)).status).toBe('rejected');
    });

    it('every step is for its party, in its state, at the price that was agreed to', async () => {
      const { evaluator, decisionSeconds } = await termsOf();
      const request = { token: token(), provider: null, evaluator, description: 'what to do' };
      const expiredAt = (await client().now()) + 10 * DAY;
      const soon = (await client().now()) + decisionSeconds - 100;
      await refused('E_CHAIN_INVALID_PARAMS', client().createJob({ ...request, expiredAt: soon }));
      await refused('E_CHAIN_INVALID_PARAMS', client().createJob({ ...request, expiredAt, description: '' }));
      const { jobId } = await client().createJob({ ...request, expiredAt });
      await client().setJobBudget(jobId, 10n);
      await refused('E_CHAIN_WRONG_PHASE', client().fundJob(jobId, 10n));
      await refused('E_CHAIN_NOT_ALLOWED', provider().setJobProvider(jobId, provider().account));
      await client().setJobProvider(jobId, provider().account);
      await refused('E_CHAIN_ALREADY_DONE', client().setJobProvider(jobId, client().account));
      await provider().setJobBudget(jobId, 11n);
      await refused('E_CHAIN_WRONG_PHASE', client().fundJob(jobId, 10n));
      await refused('E_CHAIN_NOT_ALLOWED', provider().fundJob(jobId, 11n));
      await refused('E_CHAIN_WRONG_PHASE', provider().submitJob(jobId, DIGEST));
      await refused('E_CHAIN_NOT_ALLOWED', provider().rejectJob(jobId, DIGEST));
      await client().rejectJob(jobId, DIGEST);
      await refused('E_CHAIN_WRONG_PHASE', client().fundJob(jobId, 11n));
      await refused('E_CHAIN_UNKNOWN_JOB', client().job(10n ** 6n));
    });

    it('work that comes too late for a decision is refused, and the budget goes back when the job has expired', async () => {
      const before = await balance(client());
      const jobId = await funded(900n);
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', provider().refundJob(jobId));
      await pass(10 * DAY - (await termsOf()).decisionSeconds + 10);
      await refused('E_CHAIN_DEADLINE_PASSED', provider().submitJob(jobId, DIGEST));
      await pass((await termsOf()).decisionSeconds);
      await provider().refundJob(jobId);
      expect((await client().job(jobId)).status).toBe('expired');
      expect(await balance(client())).toBe(before);
      await refused('E_CHAIN_WRONG_PHASE', client().refundJob(jobId));
    });
  });

  describe('disputes of jobs', () => {
    it('one that validators uphold gives client and right voters the provider’s bond, to the unit', async () => {
      const ports = [client(), provider(), ...jurors()];
      await cleared(ports);
      const before = await Promise.all(ports.map(balance));
      const jobId = await defended(10_001n);
      await vote(jobId, ['reject', 'complete', 'reject']);
      await get().trainers[1]!.settleJob(jobId);
      expect((await client().job(jobId)).status).toBe('rejected');
      expect(await client().jobDispute(jobId)).toMatchObject({ outcome: 'upheld', bond: 1001n });
      await cleared(ports);
      const after = await Promise.all(ports.map(balance));
      // Of 1001, two voters get 250 each.
      expect(after.map((amount, i) => amount - before[i]!)).toEqual([501n, -1001n, 250n, 0n, 250n]);
    });

    it('one that they dismiss costs the client its bond', async () => {
      const ports = [client(), provider(), ...jurors()];
      await cleared(ports);
      const before = await Promise.all(ports.map(balance));
      const jobId = await defended(10_000n);
      await vote(jobId, ['complete', 'complete', 'complete']);
      expect((await client().decideDispute(jobId)).outcome).toBe('stands');
      await client().settleJob(jobId);
      await cleared(ports);
      const after = await Promise.all(ports.map(balance));
      const [third, rest] = [166n, 1000n - 3n * 166n];
      expect(after.map((amount, i) => amount - before[i]!)).toEqual([
        ...[-11_000n, 9900n + rest, third, third, third],
      ]);
    });

    it('one that the provider does not defend is upheld, and the bond goes back', async () => {
      const before = await balance(client());
      const jobId = await submitted();
      const { bond } = await client().disputeJob(jobId, null);
      await refused('E_CHAIN_ALREADY_DONE', client().disputeJob(jobId, null));
      await refused('E_CHAIN_ALREADY_DONE', client().acceptJob(jobId));
      await refused('E_CHAIN_NOT_ALLOWED', client().defendJob(jobId, null));
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', client().decideDispute(jobId));
      await pass((await termsOf()).stepSeconds);
      await refused('E_CHAIN_DEADLINE_PASSED', provider().defendJob(jobId, null));
      await client().settleJob(jobId);
      expect((await client().job(jobId)).status).toBe('rejected');
      expect((await client().withdrawFromMarket(token(), 'bonds')).amount).toBe(bond);
      await refused('E_CHAIN_NOTHING_TO_CLAIM', client().withdrawFromMarket(token(), 'bonds'));
      expect(await balance(client())).toBe(before);
    });

    it('one that too few jurors vote on is undecided: the deliverable stands, bonds go back, the silent lose their seats', async () => {
      const jobId = await defended(10n ** 6n);
      await vote(jobId, ['reject', null, null]);
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', client().decideDispute(jobId));
      await pass((await termsOf()).stepSeconds);
      await client().settleJob(jobId);
      expect((await client().job(jobId)).status).toBe('completed');
      const dispute = (await client().jobDispute(jobId))!;
      expect(dispute).toMatchObject({ outcome: 'undecided', grounds: GROUNDS, answer: null });
      expect(dispute.jury.find(({ vote }) => vote === 'reject')?.voter).toBe(jurors()[0]!.account);
      const seats = await Promise.all(
        jurors().map(async (port) => (await port.seatTakenAt(get().agentOf(port))) !== null),
      );
      expect(seats).toEqual([true, false, false]);
      await cleared([client(), provider()]);
    });

    it('votes are for jurors, once, as they were committed to, and in their time', async () => {
      const jobId = await defended();
      const [juror, second, third] = jurors() as [ChainPort, ChainPort, ChainPort];
      const agentId = get().agentOf(juror);
      await refused('E_CHAIN_WRONG_PHASE', juror.commitVote(jobId, agentId, 'reject', SALT));
      await client().drawJury(jobId);
      await refused('E_CHAIN_ALREADY_DONE', client().drawJury(jobId));
      await refused('E_CHAIN_NOT_ALLOWED', second.commitVote(jobId, agentId, 'reject', SALT));
      const outsider = get().trainers[1]!;
      await refused(
        'E_CHAIN_NOT_ALLOWED',
        outsider.commitVote(jobId, get().agentOf(outsider), 'reject', SALT),
      );
      await juror.commitVote(jobId, agentId, 'reject', SALT);
      await refused('E_CHAIN_ALREADY_DONE', juror.commitVote(jobId, agentId, 'complete', SALT));
      await refused('E_CHAIN_DEADLINE_NOT_PASSED', juror.revealVote(jobId, agentId, 'reject', SALT));
      await second.commitVote(jobId, get().agentOf(second), 'reject', SALT);
      await third.commitVote(jobId, get().agentOf(third), 'reject', SALT);
      await refused('E_CHAIN_WRONG_OPENING', juror.revealVote(jobId, agentId, 'complete', SALT));
      await juror.revealVote(jobId, agentId, 'reject', SALT);
      await refused('E_CHAIN_ALREADY_DONE', juror.revealVote(jobId, agentId, 'reject', SALT));
      await pass(2 * (await termsOf()).stepSeconds);
      await refused('E_CHAIN_DEADLINE_PASSED', third.revealVote(jobId, get().agentOf(third), 'reject', SALT));
      await client().settleJob(jobId);
      await cleared([client(), provider()]);
    });

    it('a seat takes stake of an identity of one’s own, and is lost without it', async () => {
      const { poor } = get().world;
      await refused('E_CHAIN_STAKE_REQUIRED', poor.takeSeat(get().agentOf(poor)));
      const juror = jurors()[0]!;
      await refused('E_CHAIN_NOT_ALLOWED', poor.takeSeat(get().agentOf(juror)));
      await seated();
      await refused('E_CHAIN_ALREADY_DONE', juror.takeSeat(get().agentOf(juror)));
      await refused('E_CHAIN_NOT_ALLOWED', poor.leaveSeat(get().agentOf(juror)));
      for (const port of jurors()) await port.leaveSeat(get().agentOf(port));
      await refused('E_CHAIN_INVALID_PARAMS', juror.leaveSeat(get().agentOf(juror)));
      expect((await termsOf()).seats).toBe(0);
      // Without three seats a dispute is undecided as soon as a jury should be drawn.
      const jobId = await submitted();
      await client().disputeJob(jobId, null);
      await refused('E_CHAIN_WRONG_PHASE', client().drawJury(jobId));
      await provider().defendJob(jobId, null);
      expect((await client().drawJury(jobId)).jury).toEqual([]);
      await client().settleJob(jobId);
      expect((await client().job(jobId)).status).toBe('completed');
      await cleared([client(), provider()]);
    });
  });
}
