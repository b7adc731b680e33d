import { ADDRESS, hostOf, JSON_TYPE, only, problemIn, stakes } from '@chorus/node/testing';
import { ChorusError } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type StakesSource, stakesApp } from './stakes.ts';

function setUp() {
  const calls: string[] = [];
  const area = stakesApp(
    only<StakesSource>({
      stakes: async ({ account, token }) => {
        calls.push(`stakes ${account} ${token}`);
        return stakes;
      },
      depositStake: async ({ token, amount, to = ADDRESS, dryRun }) => {
        calls.push(`deposit ${amount} ${to} ${dryRun}`);
        return { dryRun: true, token, amount, owner: to, agentId: null, registered: true, transaction: null };
      },
      unbondStake: async ({ amount, from }) => {
        calls.push(`unbond ${amount} ${from}`);
        throw new ChorusError('E_STAKE_LOCKED', 'tasks have locked it', {
          facts: { tasks: '7' },
          hint: 'wait',
        });
      },
    }),
  );
  return { ...hostOf([area]), calls };
}

describe('stakes', () => {
  it('the stakes API reports in full why stake is refused, and accepts only whole amounts', async () => {
    const { ask, calls } = setUp();
    const post = (action: string, body: object) =>
      ask('POST', `/v1/stake/${action}`, JSON_TYPE, JSON.stringify(body));
    const locked = await post('unbond', { amount: '13', from: ADDRESS });
    expect(locked.status).toBe(409);
    expect(await problemIn(locked)).toMatchObject({
      code: 'E_STAKE_LOCKED',
      facts: { tasks: '7' },
      hint: 'wait',
    });
    for (const [action, body] of [
      ['unbond', { amount: '-1' }],
      ['unbond', { amount: '1.5' }],
      ['unbond', { amount: 'some' }],
      ['unbond', { amount: '1', from: 'alice' }],
      ['deposit', { token: ADDRESS, amount: 'all' }],
      ['deposit', { amount: '1' }],
      ['withdraw', { all: true }],
    ] as const) {
      expect((await post(action, body)).status, `${action} ${JSON.stringify(body)}`).toBe(400);
    }
    expect(calls).toEqual([`unbond 13 ${ADDRESS}`]);
  });

  it('the stakes API passes on what is asked, with defaults', async () => {
    const { ask, calls } = setUp();
    expect(await (await ask('GET', `/v1/stake?account=${ADDRESS}`)).json()).toEqual(stakes);
    const body = JSON.stringify({ token: ADDRESS, amount: '5' });
    expect((await ask('POST', '/v1/stake/deposit', JSON_TYPE, body)).status).toBe(200);
    expect(calls).toEqual([`stakes ${ADDRESS} undefined`, `deposit 5 ${ADDRESS} false`]);
  });
});
