import { ADDRESS, hostOf, problemIn, round } from '@chorus/node/testing';
import { ChorusError } from '@chorus/protocol';
import { expect, it } from 'vitest';
import { roundsApp } from './rounds.ts';
import { roundProof } from './testing/round-proof.ts';

const unasked = (): never => {
  throw new Error('not asked for');
};

it('the rounds API passes on the task and the number of rounds, with defaults and within bounds', async () => {
  const calls: unknown[] = [];
  const area = roundsApp({
    rounds: async (query) => {
      calls.push(query);
      return { rounds: [round] };
    },
    settled: async () => unasked(),
    proof: async () => unasked(),
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

it('the rounds API passes on which rounds of which task are asked for, and says that one is not settled', async () => {
  const asked: unknown[] = [];
  const { ask } = hostOf([
    roundsApp({
      rounds: async () => unasked(),
      settled: async (task, last) => {
        asked.push([task, last]);
        return { taskId: `${task}`, token: ADDRESS, decimals: 6, trainers: [], rounds: [] };
      },
      proof: async (task, number) => {
        asked.push([task, number]);
        if (number === 1) return roundProof;
        throw new ChorusError('E_ROUND_NOT_SETTLED', 'the round is not settled');
      },
    }),
  ]);
  expect(await (await ask('GET', '/v1/tasks/7/rounds/1/proof')).json()).toEqual(roundProof);
  expect(await problemIn(await ask('GET', '/v1/tasks/7/rounds/2/proof'))).toMatchObject({
    status: 404,
    code: 'E_ROUND_NOT_SETTLED',
  });
  for (const round of ['0', '1.5', '4097', 'last']) {
    expect(await problemIn(await ask('GET', `/v1/tasks/7/rounds/${round}/proof`)), round).toMatchObject({
      status: 400,
      facts: { place: 'path', field: 'round' },
    });
  }
  expect((await ask('GET', '/v1/tasks/7/rounds?last=3')).status).toBe(200);
  expect((await ask('GET', '/v1/tasks/8/rounds')).status).toBe(200);
  expect(await problemIn(await ask('GET', '/v1/tasks/7/rounds?last=201'))).toMatchObject({ status: 400 });
  expect(asked).toEqual([
    [7n, 1],
    [7n, 2],
    [7n, 3],
    [8n, 100],
  ]);
});
