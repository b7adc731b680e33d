import { ADDRESS, hostOf, JSON_TYPE, problemIn } from '@chorus/node/testing';
import { describe, expect, it } from 'vitest';
import { publicationsApp } from './publications.ts';
import { asked } from './testing/asked.ts';

function setUp() {
  const calls: string[] = [];
  const area = publicationsApp({
    storeModel: async (model) => ({ cid: 'bafymodel', bytes: model.length }),
    publish: async (id, { params }) => {
      calls.push(`publish ${id} ${params.budget}`);
      return { id, state: 'check', taskId: null, problem: null };
    },
    publication: async (id) => ({ id, state: 'check', taskId: null, problem: null }),
  });
  return { ...hostOf([area]), calls };
}

describe('publications', () => {
  it('the publications API accepts a model file of bounded size, only with the token, and reports its size', async () => {
    const { ask } = setUp();
    const type = { 'content-type': 'application/octet-stream' };
    const file = new Uint8Array(100_000).fill(7);
    expect(await (await ask('POST', '/v1/models', type, file)).json()).toEqual({
      cid: 'bafymodel',
      bytes: 100_000,
    });
    const stranger = await ask('POST', '/v1/models', { ...type, authorization: '' }, file);
    expect(stranger.status).toBe(401);
    const stated = await ask('POST', '/v1/models', { ...type, 'content-length': '300000000' }, file);
    expect(await problemIn(stated)).toMatchObject({ status: 413, facts: { limit: 256 * 1024 * 1024 } });
    expect(await problemIn(await ask('POST', '/v1/models', type, new Uint8Array()))).toMatchObject({
      status: 400,
    });
    // A form of another page could send one without asking.
    for (const other of ['text/plain', 'multipart/form-data; boundary=x', '']) {
      const refused = await ask('POST', '/v1/models', { 'content-type': other }, file);
      expect(await problemIn(refused)).toMatchObject({ status: 415, code: 'E_ADMIN_CONTENT_TYPE' });
    }
  });

  const wrong = (change: object) => ({ ...asked, params: { ...asked.params, ...change } });
  it.each<[string, object, string]>([
    ['no budget', wrong({ budget: '0' }), 'params.budget'],
    ['a budget beyond all bounds', wrong({ budget: (2n ** 127n).toString() }), 'params.budget'],
    ['an amount that is a number', wrong({ stake: 10 }), 'params.stake'],
    ['more trainers than there can be', wrong({ maxTrainers: 17 }), 'params.maxTrainers'],
    ['more trainers at least than at most', wrong({ minTrainers: 4 }), 'params.minTrainers'],
    ['no validators', wrong({ validators: [] }), 'params.validators'],
    ['one validator twice', wrong({ validators: [ADDRESS, ADDRESS.toLowerCase()] }), 'params.validators'],
    ['more references than validators', wrong({ minValidators: 2 }), 'params.minValidators'],
    ['fees of more than half', wrong({ aggregatorFeeBps: 4900 }), 'params.validatorFeeBps'],
    [
      'more slashed than there is',
      wrong({ slashReporterBps: 600, slashBurnBps: 9_500 }),
      'params.slashBurnBps',
    ],
    ['a window of no time', wrong({ settleSeconds: 0 }), 'params.settleSeconds'],
    ['an invalid token address', wrong({ token: '0x12' }), 'params.token'],
    [
      'terms with another loss',
      { ...asked, terms: { ...asked.terms, loss: { kind: 'mse' } } },
      'terms.loss.kind',
    ],
    ['terms with something unknown', { ...asked, terms: { ...asked.terms, extra: 1 } }, 'terms'],
    ['no model', { terms: asked.terms, params: asked.params }, 'model'],
  ])('the publications API refuses a task with %s', async (_, body, field) => {
    const { ask, calls } = setUp();
    const response = await ask('PUT', '/v1/publications/once', JSON_TYPE, JSON.stringify(body));
    expect(await problemIn(response)).toMatchObject({ status: 400, facts: { place: 'body', field } });
    expect(calls).toEqual([]);
  });

  it('the publications API passes on a task within bounds, with unchanged amounts, under a valid id', async () => {
    const { ask, calls } = setUp();
    const body = JSON.stringify(wrong({ budget: '170141183460469231731687303715884105727' }));
    expect((await ask('PUT', '/v1/publications/my_task-1', JSON_TYPE, body)).status).toBe(200);
    expect(calls).toEqual(['publish my_task-1 170141183460469231731687303715884105727']);
    for (const id of ['a.b', 'x'.repeat(65), '%20']) {
      expect((await ask('PUT', `/v1/publications/${id}`, JSON_TYPE, body)).status).toBe(400);
    }
    const large = JSON.stringify({ ...asked, model: 'x'.repeat(20_000) });
    expect((await ask('PUT', '/v1/publications/once', JSON_TYPE, large)).status).toBe(413);
  });
});
