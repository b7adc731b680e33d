import type { Job, JobDispute, MarketTerms } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { gainerOf, nextStep, rolesIn } from './job-steps.ts';

const EVALUATOR = '0x00000000000000000000000000000000000000e0' as const;
const CLIENT = '0x00000000000000000000000000000000000000c1' as const;
const PROVIDER = '0x00000000000000000000000000000000000000b0' as const;
const terms = {
  ...{ commerce: EVALUATOR, evaluator: EVALUATOR, stakeToken: EVALUATOR, seatStake: 1n, seats: 3 },
  ...{ windowSeconds: 100, stepSeconds: 10, decisionSeconds: 150 },
} as MarketTerms;
const aJob = (changes: Partial<Job> = {}): Job => ({
  ...{ jobId: 3n, client: CLIENT, provider: PROVIDER, evaluator: EVALUATOR, token: EVALUATOR, budget: 100n },
  ...{ expiredAt: 1000, status: 'submitted', feeBps: 100, fundedAt: 10, submittedAt: 200 },
  ...{ deliverable: null, payout: PROVIDER, description: 'a chart' },
  ...changes,
});
const aDispute = (changes: Partial<JobDispute> = {}): JobDispute => ({
  ...{ bond: 10n, disputedAt: 250, defendedAt: null, drawnAt: null, outcome: null, grounds: null },
  ...{ answer: null, jury: [] },
  ...changes,
});
const juror = (agentId: bigint, committed = false, vote: 'complete' | 'reject' | null = null) => ({
  ...{ agentId, committed, vote, voter: vote && PROVIDER },
});
const what = (job: Job, dispute: JobDispute | null, now: number) => nextStep(job, dispute, terms, now)?.what;

describe('the next step of a job', () => {
  it('an open job waits for what is missing, a funded one for its provider until validators could not decide', () => {
    expect(what(aJob({ status: 'open', provider: null }), null, 0)).toBe('set-provider');
    expect(what(aJob({ status: 'open', budget: 0n }), null, 0)).toBe('set-budget');
    expect(what(aJob({ status: 'open' }), null, 0)).toBe('fund');
    expect(what(aJob({ status: 'open' }), null, 851)).toBeUndefined();
    expect(nextStep(aJob({ status: 'funded' }), null, terms, 0)).toMatchObject({
      what: 'submit',
      until: 850,
    });
    expect(what(aJob({ status: 'funded' }), null, 1000)).toBe('refund');
    expect(what(aJob({ status: 'expired' }), null, 1000)).toBeUndefined();
  });

  it('a submission waits for its client until the window ends, then for anyone', () => {
    expect(nextStep(aJob(), null, terms, 299)).toMatchObject({ what: 'accept-or-dispute', until: 300 });
    expect(what(aJob(), null, 300)).toBe('settle');
    expect(what(aJob(), null, 1000)).toBe('refund');
    expect(nextStep(aJob({ evaluator: CLIENT }), null, terms, 300)).toMatchObject({
      what: 'decide',
      until: 1000,
    });
  });

  it('a dispute goes through its steps, each until its end, and no further if one is missed', () => {
    expect(nextStep(aJob(), aDispute(), terms, 259)).toMatchObject({ what: 'defend', until: 260 });
    expect(what(aJob(), aDispute(), 260)).toBe('settle');
    const defended = aDispute({ defendedAt: 255 });
    expect(nextStep(aJob(), defended, terms, 264)).toMatchObject({ what: 'draw', until: 265 });
    expect(what(aJob(), defended, 265)).toBe('settle');
    const drawn = aDispute({ defendedAt: 255, drawnAt: 260, jury: [juror(1n, true), juror(2n)] });
    expect(nextStep(aJob(), drawn, terms, 269)).toMatchObject({ what: 'commit', until: 270 });
    expect(nextStep(aJob(), drawn, terms, 270)).toMatchObject({ what: 'reveal', until: 280 });
    expect(what(aJob(), drawn, 280)).toBe('settle');
    const sealed = aDispute({ defendedAt: 255, drawnAt: 260, jury: [juror(1n, true), juror(2n, true)] });
    expect(what(aJob(), sealed, 261)).toBe('reveal');
    const revealed = { ...sealed, jury: [juror(1n, true, 'reject'), juror(2n, true, 'reject')] };
    expect(what(aJob(), revealed, 262)).toBe('settle');
    expect(what(aJob(), aDispute({ outcome: 'upheld' }), 262)).toBe('settle');
  });
});

describe('who gains from a job that is settled', () => {
  it.each([
    ['the provider of work that is not disputed', null, 'provider'],
    ['the client of a dispute that is not defended', aDispute(), 'client'],
    ['the provider, if no jury was drawn', aDispute({ defendedAt: 255 }), 'provider'],
    [
      'the client, if most of the jury rejects',
      aDispute({
        defendedAt: 255,
        drawnAt: 260,
        jury: [juror(1n, true, 'reject'), juror(2n, true, 'reject'), juror(3n)],
      }),
      'client',
    ],
    [
      'the provider, if too few have voted',
      aDispute({ defendedAt: 255, drawnAt: 260, jury: [juror(1n, true, 'reject'), juror(2n), juror(3n)] }),
      'provider',
    ],
    ['the client of a dispute that was upheld', aDispute({ defendedAt: 255, outcome: 'upheld' }), 'client'],
    ['the provider of a dispute without a decision', aDispute({ outcome: 'undecided' }), 'provider'],
  ] as const)('is %s', (_, dispute, gainer) => {
    expect(gainerOf(dispute)).toBe(gainer);
  });
});

it('a node is a party of a job by its account, in any case of letters, and a juror by its identity', () => {
  const account = CLIENT.toUpperCase().replace('0X', '0x') as typeof CLIENT;
  const dispute = aDispute({ jury: [juror(7n)] });
  expect(rolesIn(aJob({ provider: CLIENT }), dispute, { account, agentId: 7n })).toEqual([
    ...['client', 'provider', 'juror'],
  ]);
  expect(rolesIn(aJob(), dispute, { account: EVALUATOR, agentId: 8n })).toEqual(['evaluator']);
  expect(rolesIn(aJob({ provider: null }), null, { account: PROVIDER, agentId: null })).toEqual([]);
});
