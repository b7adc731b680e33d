import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ChorusError, describeError } from './errors.ts';
import { reasonOf } from './reason.ts';
import { keepSecret, keepUrlSecret, Redactor } from './redact.ts';

const KEY = '0123456789abcdef0123456789abcdef';

describe('the scrubber', () => {
  it('the scrubber removes secrets in any case, prefix and escape, and leaves the rest', () => {
    const scrubber = new Redactor();
    scrubber.add('0xDEADBEEFdeadbeef');
    scrubber.add('pass "word" 100%');
    expect(scrubber.clean('a deadbeefDEADBEEF b 0xdeadbeefdeadbeef c')).toBe('a [redacted] b 0x[redacted] c');
    for (const written of ['pass "word" 100%', 'pass \\"word\\" 100%', 'pass%20%22word%22%20100%25']) {
      expect(scrubber.clean(`it is ${written}.`)).toBe('it is [redacted].');
    }
    const plain = 'transaction 0x1234 of http://127.0.0.1:8545';
    expect(scrubber.clean(plain)).toBe(plain);
  });

  it('the scrubber leaves words that are too short to be a secret', () => {
    const scrubber = new Redactor();
    scrubber.add('cat');
    expect(scrubber.clean('concatenate')).toBe('concatenate');
  });

  it.each([
    ['a key in the path', `https://rpc.example/v3/${KEY}`, KEY],
    ['a key of letters in the path', 'https://rpc.example/abcdefghijkl', 'abcdefghijkl'],
    ['a short key in the path', 'https://rpc.example/k3y', 'k3y'],
    ['a key in the query, under any name', `https://rpc.example/?dkey-x=${KEY}`, KEY],
    ['a password', 'https://me:hunter2pw@rpc.example/', 'hunter2pw'],
    ['a short password', 'https://me:pw1@rpc.example/', 'pw1'],
    ['a password that is escaped', 'https://me:p%40ss%2Fword9@rpc.example/', 'p@ss/word9'],
    ['a user that is the key', `https://${KEY}@rpc.example/`, KEY],
    ['a fragment', `https://rpc.example/#${KEY}`, KEY],
  ])('the scrubber removes %s of an address in every spelling', (_, url, secret) => {
    const scrubber = new Redactor();
    scrubber.addUrl(url);
    const { href, host, pathname, search, hash, username, password } = new URL(url);
    const texts = [
      url,
      href,
      `{"requestUrl":"${href}"}`,
      `${host}${pathname}${search}${hash}`,
      ...(secret.length >= 8 ? [`the key ${secret} is wrong`, encodeURIComponent(secret)] : []),
    ];
    for (const text of texts) {
      expect(scrubber.clean(text)).not.toContain(secret);
    }
    if (password) {
      const basic = Buffer.from(`${username}:${decodeURIComponent(password)}`).toString('base64');
      expect(scrubber.clean(`authorization: Basic ${basic}`)).not.toContain(basic);
    }
    expect(scrubber.clean(href)).toContain('rpc.example');
  });
});

describe('the reason of an error', () => {
  it('the reason of a system error says in words what failed, and where', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(reasonOf(full)).toBe('no space is left on the disk');
    const missing = Object.assign(new Error('x'), { code: 'ENOENT', path: '/a/b' });
    expect(reasonOf(missing)).toBe('no such file or folder: /a/b');
    expect(reasonOf(AbortSignal.abort(new DOMException('x', 'TimeoutError')).reason)).toBe(
      'no answer in time',
    );
    expect(reasonOf(new TypeError('fetch failed', { cause: missing }))).toContain('/a/b');
  });

  it.each([
    [z.enum(['one', 'two']), 'three', 'must be one of one, two'],
    [z.number().min(5), 1, 'must be >= 5'],
    [z.string().max(2), 'abc', 'must be <= 2 characters'],
    [z.array(z.string()), 'x', 'must be a list'],
    [z.literal(3), 4, 'must be 3'],
    [z.strictObject({}), { a: 1 }, 'a: there is no such value'],
    [z.union([z.string(), z.number()]), true, 'is wrong'],
  ])('the reason of a schema error is in plain words', (schema, value, words) => {
    expect(reasonOf(schema.safeParse(value).error)).toBe(words);
  });

  it.each(['{"key": "sk-1234', 'hunter2', '', '{"a":1}}'])(
    'the reason of text that is no JSON does not quote it: %j',
    (text) => {
      let error: unknown;
      try {
        JSON.parse(text);
      } catch (cause) {
        error = cause;
      }
      expect(reasonOf(error)).toBe('it is not JSON');
    },
  );

  it('the reason of an error is one line, without a validator’s dump or a request', () => {
    const { error } = z.object({ a: z.object({ b: z.number() }) }).safeParse({ a: { b: 'x' } });
    expect(reasonOf(error)).toBe('a.b: must be a number');
    const ethers = Object.assign(new Error('server response 401 (info={ "requestUrl": "http://x/y" })'), {
      code: 'SERVER_ERROR',
      shortMessage: 'server response 401 Unauthorized',
    });
    expect(reasonOf(ethers)).toBe('server response 401 Unauthorized');
    expect(reasonOf(new Error(`first\n  at stack (${'x'.repeat(900)})`))).toBe('first');
    expect(reasonOf(new Error('x'.repeat(900))).length).toBeLessThan(210);
  });

  it('the reason of an error contains no secret of this process, whole or cut', () => {
    keepUrlSecret(`https://me:hunter2hunter2@rpc.example/v3/${KEY}?apikey=SECRETKEY12345`);
    keepSecret('correct horse');
    const message = `${'x'.repeat(190)} /v3/${KEY}`;
    expect(reasonOf(new Error(message))).not.toContain('0123456');
    const error = new ChorusError('E_TEST_X', 'no answer of correct horse', {
      facts: { url: `https://rpc.example/v3/${KEY}`, key: 'SECRETKEY12345' },
      cause: new Error('hunter2hunter2 is wrong'),
      hint: 'look at rpc.example',
    });
    const text = describeError(error);
    expect(text).not.toMatch(/horse|0123456|SECRET|hunter2/);
    expect(text).toContain('rpc.example');
  });
});
