import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { JOURNAL_FILE, setJournalAside } from '@chorus/node';
import { closeStore, MIGRATIONS, openStore } from '@chorus/node/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from './journal.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorus-store-'));
  file = join(folder, JOURNAL_FILE);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A journal with a few pages of steps, closed. */
async function fill(): Promise<void> {
  const journal = Journal.open(folder);
  for (let round = 1; round <= 40; round++) {
    await journal.begin({ taskId: 1n, round, step: 'commit' }, { text: 'x'.repeat(500) });
  }
  journal.close();
}

/** A folder as release 0.1 left it. */
const FOLDER_0_1 = new URL('../../../../test/fixtures/node-folder-0.1/', import.meta.url);

/** Tables and indices with their columns and constraints, without comments, layout and the marks of a renamed table. */
function schemaOf(path: string): Record<string, string> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db.prepare('SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all();
    const plain = (sql: string) =>
      sql
        .replaceAll(/--.*$/gm, '')
        .replaceAll('"', '')
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/ ?([(),]) ?/g, '$1')
        .trim();
    return Object.fromEntries(rows.map(({ name, sql }) => [String(name), plain(String(sql))]));
  } finally {
    db.close();
  }
}

it('a new store and one of release 0.1 that was upgraded have the same tables', () => {
  Journal.open(folder).close();
  const upgraded = mkdtempSync(join(tmpdir(), 'chorus-store-0.1-'));
  try {
    cpSync(FOLDER_0_1, upgraded, { recursive: true });
    const before = schemaOf(join(upgraded, JOURNAL_FILE));
    Journal.open(upgraded).close();
    const fresh = schemaOf(file);
    expect(schemaOf(join(upgraded, JOURNAL_FILE))).toEqual(fresh);
    // The control: the release had other ones.
    expect(before).not.toEqual(fresh);
    expect(Object.keys(fresh)).toEqual(expect.arrayContaining(['spending', 'service_migrations', 'tasks']));
  } finally {
    rmSync(upgraded, { recursive: true, force: true });
  }
});

describe('the journal of a data folder', () => {
  it('a journal is one file after closing, and keeps what was written', async () => {
    await fill();
    expect(readdirSync(folder)).toEqual([JOURNAL_FILE]);
    const journal = Journal.open(folder);
    expect(journal.steps(1n)).toHaveLength(40);
    journal.close();
  });

  it('only the owner can read a journal and its write-ahead log, even those of an earlier version', async () => {
    const before = process.umask(0);
    try {
      const journal = Journal.open(folder);
      await journal.begin({ taskId: 1n, round: 1, step: 'commit' });
      const modes = () =>
        readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
      expect(Object.fromEntries(modes())).toEqual({
        [JOURNAL_FILE]: 0o600,
        [`${JOURNAL_FILE}-wal`]: 0o600,
        'journal.pid': 0o600,
      });
      journal.close();
      chmodSync(file, 0o644);
      Journal.open(folder).close();
      expect(modes()).toEqual([[JOURNAL_FILE, 0o600]]);
    } finally {
      process.umask(before);
    }
  });

  it('a second open in the same process is refused, and the first goes on', async () => {
    const first = Journal.open(folder);
    expect(() => Journal.open(folder)).toThrow(
      expect.objectContaining({
        code: 'E_STORE_LOCKED',
        facts: expect.objectContaining({ pid: process.pid }),
      }),
    );
    await first.begin({ taskId: 1n, round: 1, step: 'train' });
    expect(() => Journal.open(folder)).toThrow(expect.objectContaining({ code: 'E_STORE_LOCKED' }));
    first.close();
    Journal.open(folder).close();
  });

  it('a locked journal names the process that holds it, and is free as soon as that one is killed', async () => {
    const program = `
      import { openStore } from ${JSON.stringify(new URL('../../../node/src/store/database.ts', import.meta.url).href)};
      // Kept: a database without references is closed by the garbage collector.
      globalThis.store = openStore(${JSON.stringify(folder)});
      console.log('open');
      setInterval(() => {}, 1000);
    `;
    const child = spawn(
      process.execPath,
      ['--conditions=@chorus/source', '--input-type=module', '-e', program],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
      expect(() => openStore(folder)).toThrow(
        expect.objectContaining({ code: 'E_STORE_LOCKED', facts: { path: file, pid: child.pid } }),
      );
    } finally {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    closeStore(openStore(folder), folder);
  });

  it('a journal of a newer version is refused, and not changed', async () => {
    await fill();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = readFileSync(file);
    expect(() => openStore(folder)).toThrow(
      expect.objectContaining({
        code: 'E_STORE_VERSION',
        facts: { path: file, found: 99, known: MIGRATIONS.length },
      }),
    );
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('a journal is migrated from an older version, all of a migration or nothing', () => {
    closeStore(openStore(folder), folder);
    const broken = [...MIGRATIONS, 'CREATE TABLE half (a TEXT); INSERT INTO nowhere VALUES (1);'];
    expect(() => openStore(folder, { migrations: broken })).toThrow(
      expect.objectContaining({ code: 'E_STORE_FAILED' }),
    );
    const db = openStore(folder, { migrations: [...MIGRATIONS, 'CREATE TABLE half (a TEXT)'] });
    expect(db.prepare('SELECT count(*) AS n FROM half').get()).toEqual({ n: 0 });
    closeStore(db, folder);
  });
});

describe('a damaged journal', () => {
  const damages: [string, () => void][] = [
    ['garbage', () => writeFileSync(file, Buffer.alloc(20_000, 0xa7))],
    ['an empty file', () => truncateSync(file, 0)],
    ['its first half', () => truncateSync(file, Math.floor(statSync(file).size / 8192) * 4096)],
    ['a piece of a page', () => truncateSync(file, statSync(file).size - 1000)],
    [
      'a page overwritten',
      () => {
        const bytes = readFileSync(file);
        bytes.fill(0xff, 4096 * 2, 4096 * 4);
        writeFileSync(file, bytes);
      },
    ],
    [
      'another program’s database',
      () => {
        rmSync(file);
        const db = new DatabaseSync(file);
        db.exec('CREATE TABLE other (a TEXT)');
        db.close();
      },
    ],
  ];

  it.each(damages)(
    'a damaged journal (%s) is reported as damaged, and not a byte of it is changed',
    async (_, damage) => {
      await fill();
      damage();
      const before = readFileSync(file);
      expect(() => Journal.open(folder)).toThrow(expect.objectContaining({ code: 'E_STORE_CORRUPT' }));
      expect(() => Journal.open(folder)).toThrow(expect.objectContaining({ code: 'E_STORE_CORRUPT' }));
      expect(readFileSync(file).equals(before)).toBe(true);
    },
  );

  it('a damaged journal is kept when it is moved aside, and a new one begins', async () => {
    await fill();
    truncateSync(file, 8192);
    const before = readFileSync(file);
    const aside = setJournalAside(folder);
    expect(readFileSync(aside!).equals(before)).toBe(true);
    const journal = Journal.open(folder);
    expect(journal.steps(1n)).toEqual([]);
    journal.close();
  });

  it('a removed journal leaves nothing in the new one, even if its process was killed', async () => {
    const program = `
      import { Journal } from ${JSON.stringify(new URL('./journal.ts', import.meta.url).href)};
      const journal = Journal.open(${JSON.stringify(folder)});
      await journal.begin({ taskId: 1n, round: 1, step: 'train' });
      process.kill(process.pid, 'SIGKILL');
    `;
    const args = ['--conditions=@chorus/source', '--input-type=module', '-e', program];
    expect(() => execFileSync(process.execPath, args, { stdio: 'ignore' })).toThrow();
    expect(existsSync(`${file}-wal`)).toBe(true);
    const killed = openStore(folder);
    expect(killed.prepare('SELECT count(*) AS n FROM steps').get()).toEqual({ n: 1 });
    closeStore(killed, folder);

    expect(() => execFileSync(process.execPath, args, { stdio: 'ignore' })).toThrow();
    rmSync(file);
    const journal = Journal.open(folder);
    expect(journal.steps(1n)).toEqual([]);
    journal.close();
    expect(readdirSync(folder).some((name) => name.includes('-wal.damaged-'))).toBe(true);
  });

  it('a journal is not moved aside if it is sound, or in use', async () => {
    expect(setJournalAside(folder)).toBeNull();
    await fill();
    expect(() => setJournalAside(folder)).toThrow(expect.objectContaining({ code: 'E_STORE_HEALTHY' }));
    const journal = Journal.open(folder);
    expect(() => setJournalAside(folder)).toThrow(expect.objectContaining({ code: 'E_STORE_LOCKED' }));
    expect(journal.steps(1n)).toHaveLength(40);
    journal.close();
  });
});

describe('a journal without room', () => {
  it('a journal without room reports it, keeps its content, and continues when there is room again', async () => {
    const journal = Journal.open(folder, { maxBytes: 32 * 4096 });
    const step = (round: number) => ({ taskId: 1n, round, step: 'commit' }) as const;
    let written = 0;
    const writing = (async () => {
      for (; ; written++) await journal.begin(step(written + 1), { text: 'x'.repeat(500) });
    })();
    await expect(writing).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    expect(written).toBeGreaterThan(10);
    expect(journal.steps(1n)).toHaveLength(written);
    for (let round = 1; round <= 10; round++) journal.forget(step(round));
    await journal.begin(step(1), { text: 'x'.repeat(500) });
    expect(journal.steps(1n)).toHaveLength(written - 9);
    journal.close();
  });

  const root = process.getuid?.() === 0 && process.platform === 'linux';

  /** A small disk of its own; null where this user or this kernel does not allow one. */
  function mountSmall(path: string): (() => void) | null {
    if (!root) return null;
    mkdirSync(path);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'chorus-test', path], { stdio: 'ignore' });
    } catch {
      return null;
    }
    return () => execFileSync('umount', [path], { stdio: 'ignore' });
  }

  it('a journal on a full disk reports it, and is complete when it is opened again', async (context) => {
    const disk = join(folder, 'disk');
    const unmount = mountSmall(disk);
    if (!unmount) return context.skip('needs root, to mount a small disk');
    try {
      const journal = Journal.open(disk);
      await journal.begin({ taskId: 1n, round: 1, step: 'train' });
      let written = 0;
      const writing = (async () => {
        for (; ; written++) {
          await journal.begin({ taskId: 1n, round: written + 2, step: 'commit' }, { text: 'x'.repeat(900) });
        }
      })();
      await expect(writing).rejects.toMatchObject({ code: 'E_STORE_FULL' });
      expect(journal.steps(1n)).toHaveLength(written + 1);
      journal.close();
      const again = Journal.open(disk);
      expect(again.steps(1n)).toHaveLength(written + 1);
      again.close();
    } finally {
      unmount();
    }
  });

  it('a journal on a read-only disk reports it, and changes nothing', async (context) => {
    const disk = join(folder, 'disk');
    const unmount = mountSmall(disk);
    if (!unmount) return context.skip('needs root, to mount a small disk');
    try {
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      expect(() => Journal.open(disk)).toThrow(expect.objectContaining({ code: 'E_STORE_READONLY' }));
      execFileSync('mount', ['-o', 'remount,rw', disk]);
      await fill();
      copyFileSync(file, join(disk, JOURNAL_FILE));
      execFileSync('mount', ['-o', 'remount,ro', disk]);
      expect(() => Journal.open(disk)).toThrow(expect.objectContaining({ code: 'E_STORE_READONLY' }));
      expect(readFileSync(join(disk, JOURNAL_FILE)).equals(readFileSync(file))).toBe(true);
      expect(existsSync(join(disk, 'journal.pid'))).toBe(false);
    } finally {
      unmount();
    }
  });
});
