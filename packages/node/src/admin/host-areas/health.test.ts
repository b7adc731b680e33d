import { expect, it } from 'vitest';
import { hostOf } from '../testing/ask.ts';
import { only } from '../testing/only.ts';
import { type HealthSource, healthApp } from './health.ts';

it('the health API says with its status whether the node is ready, without a token', async () => {
  let ready = true;
  const area = healthApp(
    only<HealthSource>({
      ready: async () => ({ status: ready ? 'ok' : 'unavailable', checks: { chain: ready } }),
    }),
  );
  const { ask } = hostOf([area]);
  const stranger = { authorization: '' };
  for (const path of ['/health', '/health/ready']) {
    ready = true;
    expect((await ask('GET', path, stranger)).status).toBe(200);
    ready = false;
    const response = await ask('GET', path, stranger);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'unavailable', checks: { chain: false } });
  }
  expect(await (await ask('GET', '/health/live', stranger)).json()).toEqual({ status: 'ok' });
});
