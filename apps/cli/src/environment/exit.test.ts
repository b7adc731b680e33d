import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ChorusError, keepUrlSecret } from '@chorus/protocol';
import { expect, it } from 'vitest';
import { ask } from '../doctor/rpc.ts';
import { asChorusError, EXIT, errorText, exitCodeOf } from './exit.ts';

const system = (code: string, path?: string) =>
  Object.assign(new Error(`${code}: raw words, open '${path}'`), {
    code,
    syscall: 'open',
    ...(path ? { path } : {}),
  });

it.each([
  ['E_USAGE', EXIT.usage],
  ['E_MODEL_CORRUPT', EXIT.data],
  ['E_MODEL_VALUE', EXIT.data],
  ['E_CHECKPOINT_CORRUPT', EXIT.data],
  ['E_CHECKPOINT_MISMATCH', EXIT.data],
  ['E_CHECKPOINT_EXISTS', EXIT.exists],
  ['E_PROOF_FILE', EXIT.data],
  ['E_KEYSTORE', EXIT.data],
  ['E_CONFIG_MISSING', EXIT.config],
  ['E_WALLET_MISSING', EXIT.config],
  ['E_CHAIN_WRONG_ID', EXIT.config],
  ['E_CHAIN_UNREACHABLE', EXIT.unavailable],
  ['E_NETWORK_LISTEN', EXIT.unavailable],
  ['E_STORE_LOCKED', EXIT.later],
  ['E_STAKE_LOCKED', EXIT.later],
  ['E_STAKE_NOT_MATURE', EXIT.later],
  ['E_STAKE_AMBIGUOUS', EXIT.usage],
  ['E_STAKE_BALANCE', EXIT.failed],
  ['E_STORE_FULL', EXIT.inputOutput],
  ['E_PASSWORD_WRONG', EXIT.permission],
] as const)('an error %s ends with exit code %i', (code, exit) => {
  expect(exitCodeOf(new ChorusError(code, 'x'))).toBe(exit);
});

it.each([
  ['ENOENT', '/no/where', /no such file or folder: \/no\/where/],
  ['EACCES', '/locked/x', /no permission: \/locked\/x/],
  ['ENOSPC', '/full/x', /no space is left on the disk: \/full\/x/],
  ['EISDIR', '/a', /it is a folder: \/a/],
  ['EROFS', '/a', /read-only: \/a/],
  ['EADDRINUSE', undefined, /the port is in use/],
])('a system error (%s) is one line with the path and a hint, without a stack', (code, path, words) => {
  const text = errorText(system(code, path));
  expect(text).toMatch(words);
  expect(text).toMatch(/ - \w+/);
  expect(text).not.toMatch(/raw words|\n|\.ts:/);
  expect(exitCodeOf(asChorusError(system(code, path)))).toBe(EXIT.inputOutput);
});

it('exit reports a fault of chorus in one line, and shows the stack only if CHORUS_DEBUG asks for it', () => {
  const fault = new TypeError("Cannot read properties of undefined (reading 'x')");
  expect(errorText(fault)).toMatch(/^E_UNEXPECTED: .* - this is a fault of chorus: please report it/);
  expect(errorText(fault)).not.toContain('\n');
  expect(exitCodeOf(asChorusError(fault))).toBe(EXIT.internal);
  process.env.CHORUS_DEBUG = '1';
  try {
    expect(errorText(fault)).toContain('exit.test.ts');
  } finally {
    delete process.env.CHORUS_DEBUG;
  }
});

it('no error shows a secret of the configuration, even in text from other programs', () => {
  keepUrlSecret('https://me:hunter2pw@rpc.example/v3/0123456789abcdef0123456789abcdef?x=SECRETKEY12345');
  for (const error of [
    new Error(
      'server response 401 (info={ "requestUrl": "https://me:hunter2pw@rpc.example/v3/0123456789abcdef" })',
    ),
    new ChorusError('E_TEST_X', 'x', { facts: { given: '0123456789abcdef0123456789abcdef' } }),
    new ChorusError('E_TEST_X', 'x', { cause: new Error('key SECRETKEY12345 is not known') }),
    system('ENOENT', '/hunter2pw/x'),
  ]) {
    expect(errorText(error)).not.toMatch(/hunter2pw|SECRETKEY|0123456789abcdef0123/);
  }
});

it('doctor accepts an endpoint address with a password, and reports a refusal without the password', async () => {
  let status = 200;
  const server = createServer((request, response) => {
    const asked = request.headers.authorization === `Basic ${btoa('user:hunter2pw')}`;
    response.writeHead(asked ? status : 400).end('{"jsonrpc":"2.0","id":1,"result":"0x7a69"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://user:hunter2pw@127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect(await ask(url, 'eth_chainId')).toMatchObject({ result: '0x7a69', date: expect.any(Number) });
    status = 401;
    await expect(ask(url, 'eth_chainId')).rejects.toMatchObject({
      message: expect.stringContaining('refuses the access key'),
      hint: 'check the access key in chain.url',
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
