import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostOf, problemIn } from './testing/ask.ts';

let folder: string;
let page: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-page-'));
  page = join(folder, 'page');
  await mkdir(join(page, 'assets', 'deeper'), { recursive: true });
  await writeFile(join(folder, 'secret.js'), 'secret');
  await writeFile(join(page, 'index.html'), '<!doctype html>');
  await writeFile(join(page, 'assets', 'index-Abc_1.js'), 'run()');
  await writeFile(join(page, 'assets', 'notes.txt'), 'notes');
  await writeFile(join(page, 'assets', '.hidden.js'), 'hidden');
  await symlink(join(page, 'assets', 'deeper'), join(page, 'assets', 'folder.js'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const STRANGER = { authorization: '' };

describe('the page of a node', () => {
  it('the page is served without the token, runs only its own files, and is not kept by caches', async () => {
    const response = await hostOf([], { page }).ask('GET', '/', STRANGER);
    expect([response.status, await response.text()]).toEqual([200, '<!doctype html>']);
    const header = (name: string) => response.headers.get(name);
    expect(header('content-type')).toBe('text/html; charset=utf-8');
    expect(header('cache-control')).toBe('no-cache');
    expect(header('x-frame-options')).toBe('DENY');
    expect(header('referrer-policy')).toBe('no-referrer');
    expect(header('x-content-type-options')).toBe('nosniff');
    const policy = header('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('an asset has its type, and stays good for ever, because its name carries its hash', async () => {
    const response = await hostOf([], { page }).ask('GET', '/assets/index-Abc_1.js', STRANGER);
    expect(await response.text()).toBe('run()');
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
  });

  it.each([
    '/assets/missing.js',
    '/assets/',
    '/assets/notes.txt',
    '/assets/.hidden.js',
    '/assets/folder.js',
    '/assets/deeper/',
    '/assets/..%2f..%2fsecret.js',
    '/assets/%2e%2e/%2e%2e/secret.js',
    '/assets/..%5c..%5csecret.js',
    '/assets/index-Abc_1.js%00.js',
  ])('%s is no file of the page', async (path) => {
    const response = await hostOf([], { page }).ask('GET', path, STRANGER);
    expect([401, 404]).toContain(response.status);
    expect(await response.text()).not.toMatch(/secret'|hidden'|notes'/);
  });

  it('all else of the API still needs the token, and other pages and names are refused', async () => {
    const { ask } = hostOf([], { page });
    expect((await ask('GET', '/v1/status', STRANGER)).status).toBe(401);
    expect((await ask('GET', '/index.html', STRANGER)).status).toBe(401);
    expect(await problemIn(await ask('GET', '/', { host: 'rebound.example:4500' }))).toMatchObject({
      status: 403,
      code: 'E_ADMIN_HOST',
    });
    for (const origin of ['https://elsewhere.example', 'http://127.0.0.1:4501', 'null']) {
      const refused = await problemIn(await ask('GET', '/', { origin }));
      expect(refused, origin).toMatchObject({ status: 403, code: 'E_ADMIN_ORIGIN' });
    }
    expect((await ask('GET', '/', { origin: 'http://127.0.0.1:4500' })).status).toBe(200);
  });

  it('a page that is not built is said in plain words; without a page, the path is as unknown as any other', async () => {
    const missing = await hostOf([], { page: join(folder, 'nothing') }).ask('GET', '/', STRANGER);
    expect([missing.status, await missing.text()]).toEqual([503, expect.stringContaining('is not built')]);
    expect((await hostOf([]).ask('GET', '/', STRANGER)).status).toBe(401);
    expect((await hostOf([]).ask('GET', '/')).status).toBe(404);
  });
});
