import { stripVTControlCharacters } from 'node:util';
import type { JobDocument, MarketDocument } from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { payoutOf, sumOf } from './requests.ts';
import { costLines, createCostLines, jobLines, jobsTable, marketLines, withdrawnLines } from './view.ts';

const ADDRESS = `0x${'ab'.repeat(20)}`;
const TIME = '2026-12-01T12:00:00.000Z';
const CHOR = '000000000000000000';
const token = { token: ADDRESS, symbol: 'CHOR', decimals: 18 };
const job: JobDocument = {
  ...{ jobId: '3', status: 'submitted', roles: ['client'], client: ADDRESS, provider: ADDRESS },
  ...{ evaluator: ADDRESS, evaluatedBy: 'validators', ...token, budget: `100${CHOR}`, fee: `1${CHOR}` },
  ...{ bond: `10${CHOR}`, expiresAt: TIME, submitBy: TIME, fundedAt: TIME, submittedAt: TIME },
  ...{ deliverable: `0x${'d1'.repeat(32)}`, payout: ADDRESS, description: 'a chart', dispute: null },
  step: { what: 'accept-or-dispute', by: ['client'], until: TIME, otherwise: 'the provider is paid' },
};
const market: MarketDocument = {
  ...{ account: ADDRESS, commerce: ADDRESS, evaluator: ADDRESS, token, stakeToken: ADDRESS },
  ...{ seatStake: `1000${CHOR}`, windowSeconds: 86_400, stepSeconds: 43_200, decisionSeconds: 302_400 },
  ...{ seats: 2, seat: null, owed: { payments: [], bonds: [] }, waiting: 1 },
};
const text = (lines: string[]) => stripVTControlCharacters(lines.join('\n'));

describe('jobs on the terminal', () => {
  it('a job says what comes next, until when, and with which command', () => {
    const shown = text(jobLines(job));
    expect(shown).toMatch(/budget +100 CHOR/);
    expect(shown).toContain(`until ${TIME}; otherwise the provider is paid`);
    expect(shown).toContain('chorus market job dispute 3 --grounds FILE');
    expect(text([jobsTable([job])])).toContain('the client accepts or disputes');
    const hostile = jobLines({ ...job, description: 'a\u001b[2Jb' }).join('\n');
    expect(hostile).not.toContain('\u001b[2J');
    expect(jobsTable([])).toContain('chorus market job create');
    expect(text(jobLines({ ...job, step: null, status: 'completed' }))).toContain('over: completed');
  });

  it('a juror sees its seat, and whether the work was there when it was disputed', () => {
    const seat = { agentId: '7', committed: false, vote: null, mine: true };
    const dispute = {
      ...{ bond: job.bond, disputedAt: TIME, defendedAt: TIME, drawnAt: TIME, outcome: null },
      ...{ grounds: null, answer: null, jury: [seat], available: false },
    };
    const step = {
      what: 'commit' as const,
      by: ['juror' as const],
      until: TIME,
      otherwise: 'the vote does not count',
    };
    const shown = text(jobLines({ ...job, roles: ['juror'], dispute, step }));
    expect(shown).toContain('7 (yours): no vote yet');
    expect(shown).toContain('no peer had the deliverable');
    expect(shown).toContain('chorus market job vote 3 complete');
  });

  it('a dry run states price, bond and seats, and that nothing was sent', () => {
    const request = {
      budget: job.budget,
      evaluator: 'validators' as const,
      seconds: 14 * 86_400,
      description: 'x',
    };
    const created = text(createCostLines(request, market));
    expect(created).toContain('2: too few to decide a dispute');
    expect(created).toContain('10 CHOR of each party');
    expect(created).toContain('Nothing was sent.');
    expect(text(costLines('bond', job, market))).toMatch(/bond +10 CHOR/);
    expect(text(costLines('budget', job, market))).toMatch(/fee +1 CHOR/);
  });

  it('the overview says what is owed, and a withdrawal what was paid', () => {
    const owed = { payments: [], bonds: [{ token: ADDRESS, decimals: 18, amount: `5${CHOR}` }] };
    expect(text(marketLines({ ...market, owed }))).toContain('chorus market withdraw');
    expect(text(marketLines(market))).toMatch(/your seat +none/);
    const paid = { what: 'bonds' as const, ...owed.bonds[0]!, transaction: '0x01' };
    expect(text(withdrawnLines({ withdrawn: [paid] }))).toContain('of bonds in 0x01');
    expect(withdrawnLines({ withdrawn: [] })[0]).toContain('nothing was sent');
  });

  it('amounts and payouts are read strictly', () => {
    expect(sumOf('12.5', 2)).toBe('1250');
    for (const [given, decimals] of [
      ['1.234', 2],
      ['-1', 2],
      ['1', null],
    ] as const) {
      expect(() => sumOf(given, decimals)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
    }
    expect(payoutOf('agent:7')).toEqual({ agentId: '7' });
    expect(payoutOf(ADDRESS)).toBe(ADDRESS);
  });
});
