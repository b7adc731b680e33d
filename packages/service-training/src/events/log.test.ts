import { existsSync } from 'node:fs';
import { mkdtemp, open as openFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  fileOutput,
  LOG_FILE,
  type LogOptions,
  logConfigSchema,
  openLog,
  openLogFile,
} from '@chorus/node/testing';
import { keepSecret } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NODE_EVENTS } from './log-messages.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'chorus-log-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function open(config: object, options: Partial<LogOptions> = {}) {
  const output = new PassThrough();
  let text = '';
  output.on('data', (data) => {
    text += String(data);
  });
  const log = await openLog({
    config: logConfigSchema.parse(config),
    dataDir,
    catalogue: NODE_EVENTS,
    output,
    ...options,
  });
  return { log, lines: () => text.split('\n').filter(Boolean) };
}

const KEY = `0x${'5e'.repeat(32)}`;

describe('a log', () => {
  it('without a terminal the log is one JSON object per line, with the event and its sentence', async () => {
    const { log, lines } = await open({});
    log.sink({ type: 'joined', taskId: 7n });
    log.sink({ type: 'progress', taskId: 7n, round: 1, stage: 'train', fraction: 0.5 });
    await log.close();
    expect(lines().map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        event: { type: 'joined', taskId: '7' },
        msg: 'Joined task 7.',
      },
    ]);
    expect(await readFile(join(dataDir, LOG_FILE), 'utf8')).toBe(`${lines().join('\n')}\n`);
    expect((await stat(join(dataDir, LOG_FILE))).mode & 0o777).toBe(0o600);
  });

  it('on a terminal the log is readable text', async () => {
    const output = Object.assign(new PassThrough(), { isTTY: true });
    let text = '';
    output.on('data', (data) => {
      text += String(data);
    });
    const { log } = await open({ level: 'debug' }, { output });
    log.sink({ type: 'joined', taskId: 7n });
    await log.close();
    expect(text).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: Joined task 7\.\n$/);
  });

  it.each([
    [6, '1.5 tokens'],
    [18, '0 tokens'],
    [null, "1500000 of the token's smallest unit"],
  ])('writes amounts in the %s decimals of their token', async (decimals, written) => {
    const { log, lines } = await open({ file: false });
    const over = { type: 'task-ended', taskId: 7n, opensCommitment: true, modelCid: null } as const;
    log.sink({ ...over, claimed: 1_500_000n, decimals });
    await log.close();
    expect(JSON.parse(lines()[0]!).msg).toContain(`has ended, and this node claimed ${written}.`);
  });

  it('writes nothing below its level', async () => {
    const { log, lines } = await open({ level: 'warn', file: false });
    log.sink({ type: 'joined', taskId: 7n });
    log.sink({ type: 'warning', code: 'E_X', message: 'look here', hint: null });
    await log.close();
    expect(lines()).toHaveLength(1);
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('the log never writes a secret, wherever it occurs', async () => {
    const { log, lines } = await open({}, { secrets: [KEY] });
    keepSecret('correct horse');
    log.sink({
      type: 'warning',
      code: 'E_X',
      message: `signing with ${KEY.toUpperCase().replace('0X', '0x')} ${KEY}`,
      hint: null,
    });
    log.logger.info(
      { password: 'hunter2hunter2', nested: { privateKey: 'abc' } },
      'the password is correct horse',
    );
    log.logger.error(new Error('GET https://me:swordfish@rpc.example/v3?apikey=abcdef: Bearer aaaaaaaaaaaa'));
    await log.close();
    const file = await readFile(join(dataDir, LOG_FILE), 'utf8');
    for (const text of [lines().join('\n'), file]) {
      expect(text).not.toMatch(/(5e){32}|horse|hunter2|"abc"|swordfish|abcdef|aaaaaaaaaaaa/i);
      expect(text).toContain('rpc.example');
    }
  });

  it('the log keeps its files within a bound, however much is written', async () => {
    const { log } = await open({ maxBytes: '20 kB', maxFiles: 2 });
    for (let i = 0; i < 60; i++) {
      for (let k = 0; k < 20; k++) log.logger.warn(`${i} ${k} ${'x'.repeat(100)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await log.close();
    const names = await readdir(join(dataDir, 'logs'));
    const sizes = await Promise.all(
      names.map(async (name) => (await stat(join(dataDir, 'logs', name))).size),
    );
    // 240 kB were written: the current file, two old ones that are compressed, and their list.
    expect(names.length).toBeLessThanOrEqual(4);
    expect(names.length).toBeGreaterThan(2);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(60_000);
  });
});

describe('an output that is full', () => {
  it.skipIf(!existsSync('/dev/full'))(
    'a full output loses what was written meanwhile, and accepts lines again (skipped without /dev/full)',
    async () => {
      const full = await openFile('/dev/full', 'w');
      try {
        const output = fileOutput(full.fd);
        const failed: unknown[] = [];
        output.on('error', (error) => failed.push(error));
        for (let i = 0; i < 2; i++)
          await new Promise<void>((resolve) => output.write('x\n', () => resolve()));
        expect(failed).toEqual([]);
        expect(output.writable).toBe(true);
      } finally {
        await full.close();
      }
    },
  );

  it('a full log file is opened again, and reported once on standard error', async () => {
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    try {
      // A file in the place of the folder.
      await writeFile(join(dataDir, 'logs'), 'x');
      const file = await openLogFile(dataDir, logConfigSchema.parse({}));
      for (let i = 0; i < 3; i++) file.write('lost\n');
      await rm(join(dataDir, 'logs'));
      now.mockReturnValue(60_000);
      file.write('kept\n');
      await file.close();
      expect(await readFile(join(dataDir, LOG_FILE), 'utf8')).toBe('kept\n');
      expect(told.mock.calls.map(([text]) => text)).toEqual([
        expect.stringMatching(/the log file in .* cannot be written: /),
      ]);
    } finally {
      told.mockRestore();
      now.mockRestore();
    }
  });
});
