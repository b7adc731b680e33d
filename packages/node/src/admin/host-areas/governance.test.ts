import { expect, it } from 'vitest';
import { ADDRESS, hostOf, JSON_TYPE, only } from '../testing/index.ts';
import { type GovernanceSource, governanceApp } from './governance.ts';

function setUp() {
  const calls: unknown[] = [];
  const area = governanceApp(() =>
    only<GovernanceSource>({
      vote: async (proposal, { choice, reason, anyway, dryRun }) => {
        calls.push([proposal, choice, reason, anyway, dryRun]);
        return { dryRun: false, id: '7', choice, weight: '1', transaction: '0x01' };
      },
    }),
  );
  return { ...hostOf([area]), calls };
}

it('the governance API passes a vote on, with defaults that are careful', async () => {
  const { ask, calls } = setUp();
  const vote = JSON.stringify({ choice: 'for' });
  expect((await ask('POST', '/v1/governance/proposals/0x3f2a/vote', JSON_TYPE, vote)).status).toBe(200);
  expect(calls).toEqual([['0x3f2a', 'for', '', false, false]]);
});

it('the governance API refuses what names no proposal, is no vote, or is too long', async () => {
  const { ask, calls } = setUp();
  const status = async (path: string, body: object) =>
    (await ask('POST', `/v1/governance/${path}`, JSON_TYPE, JSON.stringify(body))).status;
  for (const [path, body] of [
    ['proposals/0x3f/vote', { choice: 'for' }],
    ['proposals/three/vote', { choice: 'for' }],
    ['proposals/3/vote', { choice: 'yes' }],
    ['proposals/3/vote', { choice: 'for', reason: 'x'.repeat(281) }],
    ['proposals/3/vote', { choice: 'for', weight: '5' }],
    ['proposals', { title: '' }],
    ['proposals', { title: 'x'.repeat(121) }],
    ['proposals', { title: 'x', description: 'x'.repeat(3801) }],
    ['proposals', { title: 'x', changes: [{ name: 'protocol-fee', value: '-1' }] }],
    ['proposals', { title: 'x', changes: [{ name: 'protocol-fee', value: '1.5' }] }],
    ['proposals', { title: 'x', calls: [{ target: ADDRESS, data: '0x1' }] }],
    ['delegate', { to: 'me' }],
  ] as const) {
    expect(await status(path, body), `${path} ${JSON.stringify(body).slice(0, 60)}`).toBe(400);
  }
  expect(calls).toEqual([]);
});
