import { stripVTControlCharacters } from 'node:util';
import type { StakePositionDocument, StakesDocument } from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { fromOf, stakedToken, unitsOf } from './choose.ts';
import {
  amountTexts,
  depositLines,
  inTime,
  localTime,
  stakesView,
  unbondLines,
  withdrawLines,
} from './view.ts';

const WALLET = '0x00000000000000000000000000000000000000aa';
const OTHER = '0x00000000000000000000000000000000000000bb';
const TOKEN = '0x00000000000000000000000000000000000000cc';
const ODD = '0x00000000000000000000000000000000000000dd';
const NOW = '2026-11-22T12:00:00.000Z';
const LATER = '2026-11-22T14:00:00.000Z';

const position = (changes: Partial<StakePositionDocument> = {}): StakePositionDocument => ({
  token: TOKEN,
  agentId: '3',
  owner: WALLET,
  own: true,
  staked: '1500000',
  shares: '1500000000000',
  unbondable: '500000',
  unbonding: [],
  pool: { tokens: '2000000', locked: '1000000', free: '1000000', unbonding: '0', shares: '2000000000000' },
  locks: [],
  holders: [{ account: WALLET, amount: '1500000', shares: '1500000000000' }],
  slashes: [],
  ...changes,
});

const stakes = (positions: StakePositionDocument[]): StakesDocument => ({
  account: WALLET,
  agentId: '3',
  time: NOW,
  contract: WALLET,
  unbondSeconds: 7200,
  // Six decimals, not 18.
  tokens: [
    { address: TOKEN, symbol: 'CHOR', decimals: 6, balance: '12345678' },
    { address: ODD, symbol: null, decimals: null, balance: null },
  ],
  positions,
});

const shown = (positions: StakePositionDocument[]) => stripVTControlCharacters(stakesView(stakes(positions)));

describe('stake show', () => {
  it('the stake view writes amounts with the decimals and the symbol of their token', () => {
    const text = shown([position()]);
    expect(text).toContain('12.345678 CHOR');
    expect(text).toMatch(/this wallet \(identity 3\).*1\.5 CHOR.*0\.5 CHOR.*0 CHOR.*2 CHOR.*1 CHOR.*75 %/);
    expect(text).toContain('unbonding takes  2 h');
  });

  it('the stake view lists locks, delegators, unbonding stake with its time, and slashes', () => {
    const text = shown([
      position({
        locks: [
          { taskId: '7', amount: '600000', ended: false },
          { taskId: '5', amount: '400000', ended: true },
        ],
        holders: [
          { account: WALLET, amount: '1500000', shares: '1500000000000' },
          { account: OTHER, amount: '500000', shares: '500000000000' },
        ],
        unbonding: [
          { ticket: '1', amount: '10', availableAt: NOW, available: true },
          { ticket: '2', amount: '250000', availableAt: LATER, available: false },
        ],
        slashes: [{ taskId: '4', amount: '30000', block: 12, transaction: '0x12' }],
      }),
    ]);
    expect(text).toMatch(/task .*locked .*until/);
    expect(text).toMatch(/7 .*0\.6 CHOR.*the task has ended/);
    expect(text).toMatch(/5 .*0\.4 CHOR.*the node of its member releases it/);
    expect(text).toMatch(new RegExp(`${OTHER}.*0\\.5 CHOR.*25 %`));
    expect(text).toMatch(/1 .*0\.00001 CHOR.*now: chorus stake withdraw/);
    expect(text).toMatch(new RegExp(`2 .*0\\.25 CHOR.*${localTime(LATER)}, in 2 h`));
    expect(text).toMatch(/4 .*0\.03 CHOR.*12 .*0x12/);
  });

  it('the stake view shows stake delegated to another wallet, and its owner', () => {
    const text = shown([position({ own: false, owner: OTHER, agentId: '9' })]);
    expect(text).toMatch(/0x000000…00bb \(identity 9\)/);
  });

  it('the stake view shows whole units if a token does not state its decimals', () => {
    expect(amountTexts(stakes([]).tokens)(ODD, '17')).toBe('17 units of 0x000000…00dd');
    expect(shown([position({ token: ODD })])).toContain('1500000 units of');
  });

  it('the stake view says what to do if there is no stake', () => {
    expect(shown([])).toContain('nothing is staked; to stake: chorus stake deposit AMOUNT');
  });
});

describe('options of stake commands', () => {
  const known = stakes([position(), position({ own: false, owner: OTHER, agentId: '9', token: ODD })]);

  it('an amount is in tokens, above zero and with no more decimals than the token has', () => {
    expect(unitsOf('1.5', TOKEN, known)).toBe('1500000');
    expect(unitsOf('0.000001', TOKEN.toUpperCase().replace('0X', '0x'), known)).toBe('1');
    for (const text of ['0', '0.0000001', '-1', '1e6', '', ' 1', '1,5', '0x10', 'all', '9'.repeat(40)]) {
      expect(() => unitsOf(text, TOKEN, known), text).toThrow(
        expect.objectContaining({ code: 'E_USAGE', hint: expect.stringContaining('6 decimals') }),
      );
    }
    expect(() => unitsOf('1', ODD, known)).toThrow(expect.objectContaining({ code: 'E_CHAIN_TOKEN' }));
  });

  it('the default token is the only one at stake, and there is no default if several are', () => {
    expect(stakedToken(known, undefined)).toBe(TOKEN);
    expect(stakedToken(known, OTHER)).toBe(ODD);
    expect(stakedToken(known, '9')).toBe(ODD);
    expect(stakedToken(known, '8')).toBeNull();
    expect(stakedToken(stakes([position(), position({ token: ODD })]), undefined)).toBeNull();
  });

  it('an option names an identity by its wallet or its number', () => {
    expect(fromOf('12')).toBe('12');
    expect(fromOf(OTHER.toUpperCase().replace('0X', '0x'))).toBe(OTHER);
    expect(() => fromOf('alice')).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});

describe('what was done', () => {
  const text = amountTexts(stakes([]).tokens);
  const done = {
    dryRun: false,
    token: TOKEN,
    amount: '1500000',
    owner: WALLET,
    agentId: '3',
    transaction: '0x1',
  };

  it('the view says where a deposit went, and that an identity was registered', () => {
    expect(depositLines({ ...done, registered: true }, text, WALLET)).toEqual([
      'identity 3 is registered for this wallet',
      '1.5 CHOR put behind this wallet, identity 3, in 0x1',
    ]);
    const dry = { ...done, dryRun: true, agentId: null, registered: true, transaction: null };
    expect(depositLines(dry, text, WALLET).join()).toMatch(/would be .* registered first; nothing was sent/);
  });

  it('the view says until when stake unbonds, on this machine’s clock and from now', () => {
    const lines = unbondLines({ ...done, ticket: '4', availableAt: LATER }, text, Date.parse(NOW));
    expect(lines[0]).toBe(`1.5 CHOR is unbonding until ${localTime(LATER)}, in 2 h (request 4), in 0x1`);
    expect(inTime(NOW, Date.parse(LATER))).toMatch(/in 1 s$/);
  });

  it('the view says what was withdrawn, and what has to wait', () => {
    const paid = { ticket: '4', token: TOKEN, owner: WALLET, agentId: '3', amount: '1', transaction: '0x1' };
    const waits = { ticket: '5', token: TOKEN, amount: '2', availableAt: LATER, available: false };
    const lines = withdrawLines(
      { dryRun: false, withdrawn: [paid], waiting: [waits] },
      text,
      Date.parse(NOW),
    );
    expect(lines[0]).toBe('0.000001 CHOR withdrawn to the wallet (request 4), in 0x1');
    expect(lines[1]).toContain('0.000002 CHOR of request 5 can be withdrawn at');
  });
});
