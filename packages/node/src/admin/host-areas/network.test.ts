import { expect, it } from 'vitest';
import { hostOf, JSON_TYPE } from '../testing/ask.ts';
import { PEER } from '../testing/documents.ts';
import { only } from '../testing/only.ts';
import { type NetworkSource, networkApp } from './network.ts';

it('the network API bans for a bounded time, and lets in again', async () => {
  const calls: unknown[] = [];
  const area = networkApp(
    only<NetworkSource>({
      ban: async (request) => {
        calls.push(request);
        return { peerId: request.peerId, reason: 'by hand', until: null };
      },
      unban: async (peerId) => {
        calls.push(peerId);
      },
    }),
  );
  const { ask } = hostOf([area]);
  const ban = async (request: object) =>
    (await ask('POST', '/v1/bans', JSON_TYPE, JSON.stringify(request))).status;
  expect(await ban({ peerId: PEER, seconds: 60 })).toBe(200);
  for (const seconds of [0, -1, 0.5, 31_536_001]) expect(await ban({ peerId: PEER, seconds })).toBe(400);
  expect(await (await ask('DELETE', `/v1/bans/${PEER}`)).json()).toEqual({ accepted: true });
  expect((await ask('DELETE', '/v1/bans/short')).status).toBe(400);
  expect(calls).toEqual([{ peerId: PEER, seconds: 60 }, PEER]);
});
