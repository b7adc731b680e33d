import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  adminConfigSchema,
  hostOf,
  JSON_TYPE,
  type NetworkSource,
  networkApp,
  only,
  PEER,
  problemIn,
  startAdmin,
} from '@chorus/node/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { everyArea } from './testing/areas.ts';

const setUp = () => hostOf(everyArea());

describe('what is asked', () => {
  it('the API refuses bodies that are too large, not JSON, of another type, or have unknown fields', async () => {
    const { ask } = setUp();
    const large = JSON.stringify({ reason: 'x'.repeat(20_000) });
    expect(await problemIn(await ask('POST', '/v1/bans', JSON_TYPE, large))).toMatchObject({
      status: 413,
      code: 'E_ADMIN_TOO_LARGE',
      facts: { limit: 16_384 },
    });
    const stated = { ...JSON_TYPE, 'content-length': '20000' };
    expect((await ask('POST', '/v1/bans', stated, '{}')).status).toBe(413);
    for (const type of ['text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded', '']) {
      const form = await ask('POST', '/v1/bans', { 'content-type': type }, '{}');
      expect(await problemIn(form), type).toMatchObject({ status: 415, code: 'E_ADMIN_CONTENT_TYPE' });
    }
    for (const broken of ['{', '', new Uint8Array([0x22, 0xff, 0x22])]) {
      expect(await problemIn(await ask('POST', '/v1/bans', JSON_TYPE, broken))).toMatchObject({
        status: 400,
        code: 'E_ADMIN_BAD_REQUEST',
      });
    }
    const unknown = await ask('POST', '/v1/bans', JSON_TYPE, JSON.stringify({ peerId: PEER, forever: true }));
    expect(await problemIn(unknown)).toMatchObject({ status: 400, code: 'E_ADMIN_BAD_REQUEST' });
  });

  it('a question may have more bytes than other requests, and no more than it may have files', async () => {
    const { ask } = setUp();
    const question = (letters: number) => {
      const file = { name: 'a.png', mediaType: 'image/png', data: 'A'.repeat(letters) };
      return JSON.stringify({ agent: '7', text: '', request: 'x'.repeat(16), files: [file] });
    };
    expect((await ask('POST', '/v1/agents/calls/ask', JSON_TYPE, question(1_000_000))).status).toBe(200);
    expect(
      await problemIn(await ask('POST', '/v1/agents/calls/ask', JSON_TYPE, question(1_600_000))),
    ).toMatchObject({
      status: 413,
      code: 'E_ADMIN_TOO_LARGE',
      facts: { limit: 1_572_864 },
    });
  });

  it('the API reads no more of a body of unknown length than its limit', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1000;
        controller.enqueue(new Uint8Array(1000).fill(0x20));
      },
    });
    const response = await setUp().ask('POST', '/v1/bans', JSON_TYPE, endless);
    expect(await problemIn(response)).toMatchObject({ status: 413, code: 'E_ADMIN_TOO_LARGE' });
    expect(sent).toBeLessThan(50_000);
  });

  it('the API reports unknown paths, and methods that a path does not allow', async () => {
    const { ask } = setUp();
    expect(await problemIn(await ask('GET', '/v2'))).toMatchObject({ status: 404 });
    expect(await problemIn(await ask('PUT', '/v1/status'))).toMatchObject({ status: 405 });
    // Strangers do not learn which paths there are.
    for (const [method, path] of [
      ['GET', '/v2'],
      ['PUT', '/v1/status'],
    ] as const) {
      expect((await ask(method, path, { authorization: '' })).status).toBe(401);
    }
  });

  it('the API takes a body of unknown length from a socket, within the same limit', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'chorus-admin-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const bans: unknown[] = [];
    const source = only<NetworkSource>({
      ban: async (request) => {
        bans.push(request);
        return { peerId: request.peerId, reason: 'by hand', until: null };
      },
    });
    const config = adminConfigSchema.parse({});
    const areas = [networkApp(source)];
    const server = await startAdmin({ config, dataDir, version: '1.2.3', areas, onError: () => {} });
    onTestFinished(() => server.close());
    const ban = (request: object) =>
      fetch(`${server.url}/v1/bans`, {
        method: 'POST',
        headers: { ...JSON_TYPE, authorization: `Bearer ${server.token}` },
        body: new Blob([JSON.stringify(request)]).stream(),
        duplex: 'half',
      } as RequestInit);
    expect((await ban({ peerId: PEER })).status).toBe(200);
    expect((await ban({ peerId: PEER, reason: 'x'.repeat(20_000) })).status).toBe(413);
    expect(bans).toEqual([{ peerId: PEER }]);
  });
});
