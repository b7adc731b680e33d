import type { Address, JobVote } from '@chorus/protocol';
import { type Contract, ZeroAddress } from 'ethers';
import { events } from '../../compliance/evm.ts';
import { DisputeRules } from '../../twins/ledger/job-disputes.ts';
import type { JobRules } from '../../twins/ledger/jobs.ts';
import { bagOf, type Call } from '../rule-call.ts';
import { commitmentOf, DECISION, digestOf, type JobsWorld, NONE, SALT, SEAT_STAKE, VOTES } from './world.ts';

/** How often each call is drawn. */
const WEIGHTS = {
  create: 4,
  setProvider: 1,
  setBudget: 5,
  fund: 8,
  submit: 10,
  evaluate: 2,
  refund: 2,
  setPayout: 1,
  accept: 1,
  giveUp: 1,
  dispute: 8,
  defend: 10,
  draw: 12,
  commit: 30,
  reveal: 30,
  decide: 4,
  settle: 5,
  withdraw: 3,
  withdrawBond: 4,
  takeSeat: 6,
  leaveSeat: 1,
  stake: 3,
  unbond: 1,
  setFee: 1,
};
const BAG = bagOf(WEIGHTS);

export interface Table {
  world: JobsWorld;
  tokens: Contract[];
  jobs: JobRules;
  disputes: DisputeRules;
  random: () => number;
}

/** Draws calls, mostly such as can be carried out. */
export function dealer({ world, tokens, jobs, disputes, random }: Table): (now: number) => Call {
  const { accounts, commerce, evaluator, stakes, params } = world;
  const names = accounts.map(({ address }) => address as Address);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  /** Of a job, mostly one that is in this state, and its party. */
  const jobIn = (status: string): bigint => {
    const fitting = jobs.jobs.filter((job) => job.status === status);
    return fitting.length > 0 && random() < 0.9
      ? pick(fitting.slice(-6)).jobId
      : BigInt(below(jobs.jobs.length + 1));
  };
  const disputeIn = (fits: (jobId: bigint) => boolean): bigint => {
    const fitting = [...disputes.disputes.keys()].filter(
      (id) => disputes.view(id)!.outcome === null && fits(id),
    );
    return fitting.length > 0 && random() < 0.95 ? pick(fitting) : BigInt(below(jobs.jobs.length + 1));
  };
  const party = (jobId: bigint, role: 'client' | 'provider' | 'evaluator'): number => {
    const at = names.indexOf(jobs.jobs[Number(jobId) - 1]?.[role] as Address);
    return at >= 0 && random() < 0.92 ? at : below(accounts.length);
  };
  const isUndefended = (id: bigint) => disputes.view(id)!.defendedAt === null;
  const isUndrawn = (id: bigint) => !isUndefended(id) && disputes.view(id)!.drawnAt === null;
  const isUncommitted = (id: bigint) => disputes.view(id)!.jury.some(({ committed }) => !committed);
  const isUnrevealed = (id: bigint) => disputes.view(id)!.jury.some((j) => j.committed && j.vote === null);
  const call = (account: number, contract: Contract, method: string, args: unknown[]) => ({
    as: (expected: Call['expected'], after?: Call['after']): Call => ({
      ...{ name: method, contract, method, args, account, expected },
      ...(after ? { after } : {}),
    }),
  });

  const kinds: Record<keyof typeof WEIGHTS, (now: number) => Call> = {
    create: (now) => {
      const account = below(accounts.length);
      const token = pick(tokens).target as Address;
      const provider = random() < 0.9 ? pick(names) : null;
      const by = random() < 0.85 ? (evaluator.target as Address) : pick(names);
      const expiredAt = now + DECISION + below(6000) - 300;
      const args = [token, provider ?? ZeroAddress, by, expiredAt, 'x', ZeroAddress];
      return call(account, commerce, 'createJobIn', args).as((time) => {
        jobs.create(names[account]!, { token, provider, evaluator: by, expiredAt, description: 'x' }, time);
      });
    },
    setProvider: () => {
      const jobId = jobIn('open');
      const [account, provider] = [party(jobId, 'client'), pick(names)];
      return call(account, commerce, 'setProvider', [jobId, provider, '0x']).as(() =>
        jobs.setProvider(names[account]!, jobId, provider),
      );
    },
    setBudget: () => {
      const jobId = jobIn('open');
      const [account, budget] = [
        party(jobId, random() < 0.5 ? 'client' : 'provider'),
        BigInt(below(100_000)),
      ];
      return call(account, commerce, 'setBudget', [jobId, budget, '0x']).as(() =>
        jobs.setBudget(names[account]!, jobId, budget),
      );
    },
    fund: () => {
      const jobId = jobIn('open');
      const account = party(jobId, 'client');
      const budget = random() < 0.95 ? (jobs.jobs[Number(jobId) - 1]?.budget ?? 1n) : 7n;
      return call(account, commerce, 'fund', [jobId, budget, '0x']).as((time) =>
        jobs.fund(names[account]!, jobId, budget, time),
      );
    },
    submit: () => {
      const jobId = jobIn('funded');
      const account = party(jobId, 'provider');
      const digest = digestOf(below(1000));
      return call(account, commerce, 'submit', [jobId, digest, '0x']).as((time) =>
        jobs.submit(names[account]!, jobId, digest, time),
      );
    },
    evaluate: () => {
      const jobId = jobIn('submitted');
      const account = party(jobId, random() < 0.7 ? 'evaluator' : 'client');
      const method = pick(['complete', 'reject'] as const);
      return call(account, commerce, method, [jobId, NONE, '0x']).as(() =>
        jobs[method](names[account]!, jobId),
      );
    },
    refund: () => {
      const jobId = jobIn(pick(['funded', 'submitted']));
      return call(below(accounts.length), commerce, 'claimRefund', [jobId]).as((time) =>
        jobs.refund(jobId, time),
      );
    },
    setPayout: () => {
      const jobId = jobIn(pick(['funded', 'submitted', 'open']));
      const [account, to] = [party(jobId, 'provider'), pick(names)];
      return call(account, commerce, 'setPayout', [jobId, to]).as(() =>
        jobs.setPayout(names[account]!, jobId, to),
      );
    },
    accept: () => {
      const jobId = jobIn('submitted');
      const account = party(jobId, 'client');
      return call(account, evaluator, 'accept', [jobId]).as(() => disputes.accept(names[account]!, jobId));
    },
    giveUp: () => {
      const jobId = jobIn(pick(['funded', 'submitted']));
      const account = party(jobId, 'provider');
      return call(account, evaluator, 'giveUp', [jobId]).as(() => disputes.giveUp(names[account]!, jobId));
    },
    dispute: () => {
      const jobId = jobIn('submitted');
      const account = party(jobId, 'client');
      return call(account, evaluator, 'dispute', [jobId, NONE]).as((time) => {
        disputes.dispute(names[account]!, jobId, null, time);
      });
    },
    defend: () => {
      const jobId = disputeIn(isUndefended);
      const account = party(jobId, 'provider');
      return call(account, evaluator, 'defend', [jobId, NONE]).as((time) => {
        disputes.defend(names[account]!, jobId, null, time);
      });
    },
    draw: () => {
      const jobId = disputeIn(isUndrawn);
      let eligible: bigint[] = [];
      return call(below(accounts.length), evaluator, 'draw', [jobId]).as(
        (time) => {
          eligible = disputes.disputes.get(jobId)?.defendedAt ? disputes.eligible(jobId) : [];
          disputes.draw(jobId, eligible.slice(0, DisputeRules.jurySize(eligible.length)), time);
        },
        (receipt) => {
          const jury = [...(events(receipt, evaluator, 'JuryDrawn')[0].agentIds as bigint[])];
          const fits = jury.length === DisputeRules.jurySize(eligible.length);
          if (!fits || new Set(jury).size !== jury.length || !jury.every((id) => eligible.includes(id))) {
            throw new Error(`the jury ${jury} was drawn of ${eligible}`);
          }
          for (const [i, agentId] of jury.entries()) disputes.disputes.get(jobId)!.jury[i]!.agentId = agentId;
        },
      );
    },
    commit: () => {
      const jobId = disputeIn(isUncommitted);
      const open = disputes.view(jobId)?.jury.filter(({ committed }) => !committed) ?? [];
      const agentId =
        open.length > 0 && random() < 0.95 ? pick(open).agentId : BigInt(below(accounts.length));
      const account = random() < 0.95 ? Number(agentId) : below(accounts.length);
      const vote = pick<JobVote>(['complete', 'reject']);
      const sealed = commitmentOf(evaluator.target as string, jobId, agentId, vote);
      return call(account, evaluator, 'commit', [jobId, agentId, sealed]).as((time) =>
        disputes.commit(names[account]!, { jobId, agentId, sealed }, time),
      );
    },
    reveal: () => {
      const jobId = disputeIn(isUnrevealed);
      const open = disputes.view(jobId)?.jury.filter((j) => j.committed && j.vote === null) ?? [];
      const agentId =
        open.length > 0 && random() < 0.95 ? pick(open).agentId : BigInt(below(accounts.length));
      const account = random() < 0.97 ? Number(agentId) : below(accounts.length);
      const right = (vote: JobVote) =>
        disputes.disputes.get(jobId)?.sealed.get(agentId) ===
        commitmentOf(evaluator.target as string, jobId, agentId, vote);
      const vote: JobVote = right('complete') === random() < 0.95 ? 'complete' : 'reject';
      const sealed = commitmentOf(evaluator.target as string, jobId, agentId, vote);
      return call(account, evaluator, 'reveal', [jobId, agentId, VOTES[vote], SALT]).as((time) =>
        disputes.reveal(names[account]!, { jobId, agentId, vote, sealed }, time),
      );
    },
    decide: () => {
      const jobId = disputeIn(() => true);
      return call(below(accounts.length), evaluator, 'decide', [jobId]).as((time) =>
        disputes.decide(jobId, time),
      );
    },
    settle: () => {
      const jobId = jobIn('submitted');
      return call(below(accounts.length), evaluator, 'settle', [jobId]).as((time) =>
        disputes.settle(jobId, time),
      );
    },
    withdraw: () => {
      const [token, to] = [pick(tokens).target as Address, pick([...names, world.treasury as Address])];
      return call(0, commerce, 'withdraw', [token, to]).as(() => jobs.withdraw(token, to));
    },
    withdrawBond: () => {
      const [token, to] = [pick(tokens).target as Address, pick(names)];
      const bond = call(0, evaluator, 'withdraw', [token, to]).as(() => disputes.withdraw(token, to));
      return { ...bond, name: 'withdraw a bond' };
    },
    takeSeat: () => {
      const empty = names.flatMap((_, i) => (disputes.seats.has(BigInt(i)) ? [] : [i]));
      const seat = empty.length > 0 ? pick(empty) : below(accounts.length);
      const account = random() < 0.95 ? seat : below(accounts.length);
      return call(account, evaluator, 'takeSeat', [seat]).as((time) =>
        disputes.takeSeat(names[account]!, BigInt(seat), time),
      );
    },
    leaveSeat: () => {
      const [account, seat] = [below(accounts.length), below(accounts.length)];
      return call(account, evaluator, 'leaveSeat', [seat]).as(() =>
        disputes.leaveSeat(names[account]!, BigInt(seat)),
      );
    },
    stake: () => {
      const seat = below(accounts.length);
      return call(seat, stakes, 'deposit', [tokens[0]!.target, seat, SEAT_STAKE]).as(() => undefined);
    },
    unbond: () => {
      const seat = below(accounts.length);
      // A thousandth of the shares of a deposit: then it is too small for a seat, and can be made good.
      const shares = SEAT_STAKE * 1000n;
      return call(seat, stakes, 'requestUnbond', [tokens[0]!.target, seat, shares]).as(() => undefined);
    },
    setFee: () => {
      const bps = below(501);
      return call(0, params, 'setProtocolFee', [bps]).as(() => {
        jobs.feeBps = bps;
      });
    },
  };
  const some = (status: string) => jobs.jobs.some((job) => job.status === status);
  const someDispute = (fits: (jobId: bigint) => boolean) =>
    [...disputes.disputes.keys()].some((id) => disputes.view(id)!.outcome === null && fits(id));
  /** Whether there is anything that such a call could be about. */
  const fitting: Partial<Record<keyof typeof WEIGHTS, () => boolean>> = {
    setBudget: () => some('open'),
    setProvider: () => some('open'),
    fund: () => some('open'),
    submit: () => some('funded'),
    evaluate: () => some('submitted'),
    settle: () => some('submitted'),
    dispute: () => some('submitted'),
    defend: () => someDispute(isUndefended),
    draw: () => someDispute(isUndrawn),
    commit: () => someDispute(isUncommitted),
    reveal: () => someDispute(isUnrevealed),
    decide: () => someDispute(() => true),
    takeSeat: () => disputes.seats.size < accounts.length,
  };
  return (now) => {
    let kind = pick(BAG);
    while (fitting[kind]?.() === false && random() < 0.95) kind = pick(BAG);
    return kinds[kind](now);
  };
}
