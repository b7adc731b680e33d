import { stripVTControlCharacters } from 'node:util';
import type { CreditDocument, CreditList } from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { claimedLines, costLine, creditLines, listLines } from './view.ts';

const text = (lines: string[]) => stripVTControlCharacters(lines.join('\n'));
const credit: CreditDocument = {
  ...{
    id: `0x5f3a${'21'.repeat(30)}`,
    agent: '7',
    receiver: `0x${'ab'.repeat(20)}`,
    token: `0x${'cd'.repeat(20)}`,
  },
  ...{ symbol: 'CHOR', decimals: 2, state: 'open', balance: '2000', spent: '150', left: '1850' },
  ...{ begun: null, withdrawSeconds: 86_400, availableAt: null, transaction: '0x01', cost: null },
};
const rules = { enabled: true, withdrawHours: 24, claimCalls: 500, claimHours: 6 };

describe('prepaid channels', () => {
  it('are shown with their cost before they are paid into', () => {
    const planned = { ...credit, cost: { gas: '180000', wei: '180000000000000' } };
    const line = costLine(planned, '20 CHOR');
    expect(line).toContain('Pays 20 CHOR into a channel to 0xababab');
    expect(line).toContain('0.00018 of the chain');
    expect(line).toContain('24 h after chorus credits close');
    // What is sent then is of another sum than the command's.
    expect(costLine({ ...planned, begun: '500' }, '20 CHOR')).toContain(
      'the deposit of 5 CHOR that was begun',
    );
  });

  it('say what is left, and when the rest is available', () => {
    const shown = text(creditLines(credit));
    for (const line of [/paid in\s+20 CHOR/, /calls cost\s+1\.5 CHOR/, /left\s+18\.5 CHOR/])
      expect(shown).toMatch(line);
    const closing = { ...credit, state: 'closing' as const, availableAt: '2026-12-01T10:00:00.000Z' };
    expect(text(creditLines(closing))).toContain(
      'closing: end it with chorus credits close after 2026-12-01 10:00:00',
    );
  });

  it('are listed both ways, or said to be none', () => {
    const list: CreditList = {
      credits: [credit],
      channels: [
        {
          ...{ id: credit.id!, payer: credit.receiver, receiver: credit.receiver, agent: 'guide' },
          ...{
            token: credit.token,
            symbol: 'CHOR',
            decimals: 2,
            balance: '900',
            charged: '300',
            claimed: '100',
          },
          ...{
            unclaimed: '200',
            calls: 30,
            waiting: 20,
            closingAt: '2026-12-01T10:00:00.000Z',
            claimTransaction: null,
          },
        },
      ],
      rules,
    };
    const shown = text(listLines(list));
    for (const part of [
      '18.5 CHOR',
      '2 CHOR',
      '1 CHOR',
      'its payer withdraws, from 2026-12-01 10:00:00 on',
    ]) {
      expect(shown).toContain(part);
    }
    const none = text(listLines({ credits: [], channels: [], rules: { ...rules, enabled: false } }));
    expect(none).toContain('chorus credits open AGENT SUM');
    expect(none).toContain('take no channels');
  });

  it('say what was claimed, in which transaction', () => {
    const amounts = [{ token: credit.token, symbol: 'CHOR', decimals: 2, amount: '300' }];
    expect(claimedLines({ claims: [{ transaction: '0x02', channels: 2, amounts }] })).toEqual([
      'claimed 3 CHOR from 2 channels in 0x02',
    ]);
    expect(claimedLines({ claims: [] })).toEqual(['Nothing waits to be claimed.']);
  });
});
