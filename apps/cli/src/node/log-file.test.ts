import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { follow, lastLines } from './log-file.ts';
import { logLine } from './log-view.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-log-'));
  path = join(folder, 'node.log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a log file', () => {
  it('a log file is read from its end, across chunks, without an incomplete last line', async () => {
    const lines = Array.from({ length: 5_000 }, (_, i) => `line ${i} ${'é'.repeat(40)}`);
    await writeFile(path, `${lines.join('\n')}\nhalf`);
    for (const count of [0, 1, 700, 4_999, 5_000, 9_000]) {
      const { lines: last, end } = await lastLines(path, count);
      expect(last).toEqual(count === 0 ? [] : lines.slice(-count));
      expect(end).toBe(Buffer.byteLength(`${lines.join('\n')}\n`));
    }
    await writeFile(path, '');
    expect(await lastLines(path, 10)).toEqual({ lines: [], end: 0 });
    await expect(lastLines(join(folder, 'none'), 1)).rejects.toMatchObject({ code: 'E_DATA_LOG' });
  });

  it('a log file is followed across a rotation, line by line', async () => {
    await writeFile(path, 'old\n');
    const abort = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const line of follow(path, 4, abort.signal)) seen.push(line);
    })();
    const until = async (count: number) => {
      for (let i = 0; seen.length < count && i < 200; i++)
        await new Promise((resolve) => setTimeout(resolve, 25));
    };
    await appendFile(path, 'one\ntw');
    await until(1);
    expect(seen).toEqual(['one']);
    await appendFile(path, 'o\n');
    await until(2);
    await rename(path, join(folder, 'node.log.1'));
    await writeFile(path, 'three\n');
    await until(3);
    abort.abort();
    await following;
    expect(seen).toEqual(['one', 'two', 'three']);
  });
});

describe('a line of the log', () => {
  const line = JSON.stringify({ level: 'warn', time: '2026-01-02T03:04:05.678Z', msg: 'It rains.' });

  it('a log line is shown with time, level and sentence, and unchanged with --json', () => {
    const text = stripVTControlCharacters(logLine(line, {})!);
    expect(text).toMatch(/^2026-01-0\d \d\d:04:05 warn {2}It rains\.$/);
    expect(logLine(line, { json: true })).toBe(line);
  });

  it('a log line below the requested level is left out, and a truncated line is shown', () => {
    expect(logLine(line, { level: 'error' })).toBeNull();
    expect(logLine(line, { level: 'warn' })).not.toBeNull();
    expect(logLine('{"level":"wa', {})).toBe('{"level":"wa');
    expect(() => logLine(line, { level: 'loud' })).toThrow(/--level/);
  });
});
