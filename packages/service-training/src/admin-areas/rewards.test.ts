import { ADDRESS, hostOf, JSON_TYPE, only } from '@chorus/node/testing';
import { expect, it } from 'vitest';
import { type RewardsSource, rewardsApp } from './rewards.ts';

it('the rewards API claims one token or all, and nothing that is no address', async () => {
  const calls: unknown[] = [];
  const area = rewardsApp(
    only<RewardsSource>({
      claim: async (request) => {
        calls.push(request);
        return { claimed: [] };
      },
    }),
  );
  const { ask } = hostOf([area]);
  const claim = async (request: object) =>
    (await ask('POST', '/v1/rewards/claim', JSON_TYPE, JSON.stringify(request))).status;
  expect(await claim({})).toBe(200);
  expect(await claim({ token: ADDRESS })).toBe(200);
  expect(await claim({ token: 'CHOR' })).toBe(400);
  expect(await claim({ to: ADDRESS })).toBe(400);
  expect(calls).toEqual([{}, { token: ADDRESS }]);
});
