import { stripVTControlCharacters } from 'node:util';
import type { RevenueDocument, TillDocument } from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { claimedLines, earningsLines, symbolsOf, termsText, tillLines } from './view.ts';

const TOKEN = `0x${'ab'.repeat(20)}`;
const OTHER = `0x${'cd'.repeat(20)}`;
const amount = (units: string, token = TOKEN) => ({ token, decimals: 2, amount: units });
const revenue: RevenueDocument = {
  account: TOKEN,
  tokens: [{ token: TOKEN, symbol: 'CHOR', decimals: 2 }],
  tills: [
    { agentId: '7', agent: 'guide', address: TOKEN, waiting: [amount('125')] },
    { agentId: '8', agent: 'idle', address: TOKEN, waiting: [] },
  ],
  owed: [amount('5000')],
  royalties: [amount('1', OTHER)],
  credits: [{ token: TOKEN, decimals: 2, unclaimed: '75', claimed: '1000' }],
  units: [{ agentId: '9', held: '3', revenue: amount('250') }],
};
const rewards = { earned: [], claimable: [amount('10000')], staked: [] };
/** Without colours. */
const text = (lines: string[]) => stripVTControlCharacters(lines.join('\n'));

describe('what a wallet earns', () => {
  it('is listed by its stream, with what waits undivided, and nothing for a till that is empty', () => {
    const shown = text(earningsLines(rewards, revenue));
    for (const line of [/training\W+100 CHOR/, /1\.25 CHOR\W+in the till of guide/, /50 CHOR\W+divided/]) {
      expect(shown).toMatch(line);
    }
    expect(shown).toMatch(/royalties\W+0\.01 of 0xcdcdcd…cdcd/);
    expect(shown).toMatch(/2\.5 CHOR\W+3 units of agent 9/);
    expect(shown).toMatch(
      /credits\W+0\.75 CHOR\W+of prepaid calls, not claimed yet; 10 CHOR were claimed before/,
    );
    expect(shown).not.toContain('idle');
    const none = { ...revenue, tills: [], owed: [], royalties: [], credits: [], units: [] };
    expect(earningsLines({ ...rewards, claimable: [] }, none)).toEqual(['Nothing waits to be claimed.']);
  });

  it('is listed with its transaction when it was paid out', () => {
    const paid = [
      { from: 'credits' as const, ...amount('90'), transaction: '0x02' },
      { from: 'royalties' as const, ...amount('150'), transaction: '0x01' },
    ];
    const lines = claimedLines([amount('10000')], { paid, failed: [] }, symbolsOf(revenue));
    expect(lines).toEqual([
      '100 CHOR for training',
      '0.9 CHOR of prepaid calls claimed, to the wallet or the tills, in 0x02',
      '1.5 CHOR from royalties in 0x01',
    ]);
    const failed = [{ code: 'E_CHAIN_REVERTED', message: 'the contract refused', hint: null }];
    expect(text(claimedLines([], { paid: [], failed }, symbolsOf(revenue)))).toContain(
      'not paid E_CHAIN_REVERTED',
    );
    expect(claimedLines([], { paid: [], failed: [] }, symbolsOf(revenue))).toEqual([
      'there is nothing to claim',
    ]);
  });
});

describe('the terms of a till', () => {
  it('are said in words', () => {
    expect(termsText({ holders: 0, trainers: [], tools: [] })).toContain('all of it');
    const terms = {
      holders: 10,
      trainers: [{ task: '3', percent: 20 }],
      tools: [{ agent: '9', percent: 0.5 }],
    };
    expect(termsText(terms)).toBe(
      '20 % to the trainers of task 3, 10 % to the holders of its units, 0.5 % to agent 9; the rest is its owner’s',
    );
  });

  it('are shown with those that wait for their time', () => {
    const terms = { holders: 0, trainers: [], tools: [] };
    const till: TillDocument = {
      ...{ agentId: '7', address: TOKEN, terms, waiting: [] },
      proposed: { terms: { ...terms, holders: 5 }, effectiveAt: '2026-12-07T00:00:00Z' },
    };
    const shown = text(tillLines(till, symbolsOf(revenue)));
    expect(shown).toMatch(/from then on\s+2026-12-07T00:00:00Z: 5 % to the holders/);
    expect(shown).toContain('Nothing waits to be divided.');
    expect(
      text(tillLines({ ...till, proposed: null, waiting: [amount('7')] }, symbolsOf(revenue))),
    ).toContain('chorus till collect 7');
  });
});
