import { hostOf, problemIn, round } from '@chorus/node/testing';
import { expect, it } from 'vitest';
import { roundsApp } from './rounds.ts';

it('the rounds API passes on the task and the number of rounds, with defaults and within bounds', async () => {
  const calls: unknown[] = [];
  const area = roundsApp({
    rounds: async (query) => {
      calls.push(query);
      return { rounds: [round] };
    },
  });
  const { ask } = hostOf([area]);
  expect(await (await ask('GET', '/v1/rounds?task=7&limit=3')).json()).toEqual({ rounds: [round] });
  await ask('GET', '/v1/rounds');
  for (const limit of ['0', '1001', 'all', '1.5']) {
    expect(await problemIn(await ask('GET', `/v1/rounds?limit=${limit}`)), limit).toMatchObject({
      status: 400,
      facts: { place: 'query', field: 'limit' },
    });
  }
  expect(calls).toEqual([{ task: '7', limit: 3 }, { limit: 50 }]);
});
