import { cpSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JOURNAL_FILE } from './database.ts';
import { NodeStore } from './node-store.ts';

/** A folder as release 0.1 left it: the store at version 5, the tables of training the host's own. */
const FOLDER_0_1 = new URL('../../../../test/fixtures/node-folder-0.1/', import.meta.url);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorus-node-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const FIRST = 'CREATE TABLE toy_notes (text TEXT NOT NULL) STRICT';
const SECOND = "ALTER TABLE toy_notes ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'";

describe('the tables of services', () => {
  it('a service gets each migration once, in order, whatever the other services have', () => {
    const store = NodeStore.open(folder);
    store.migrate('other', ['CREATE TABLE other_things (n INTEGER)']);
    store.migrate('toy', [FIRST]);
    store.db.exec("INSERT INTO toy_notes VALUES ('kept')");
    store.close();

    const again = NodeStore.open(folder);
    again.migrate('toy', [FIRST, SECOND]);
    again.migrate('toy', [FIRST, SECOND]);
    expect(again.db.prepare('SELECT * FROM toy_notes').all()).toEqual([{ text: 'kept', mood: 'calm' }]);
    again.close();
  });

  it('a migration that fails leaves nothing of itself, and the ones before it stay', () => {
    const store = NodeStore.open(folder);
    const broken = [FIRST, 'CREATE TABLE toy_half (a TEXT); INSERT INTO nowhere VALUES (1)'];
    expect(() => store.migrate('toy', broken)).toThrow(expect.objectContaining({ code: 'E_STORE_FAILED' }));
    store.migrate('toy', [FIRST, 'CREATE TABLE toy_half (a TEXT)']);
    expect(store.db.prepare('SELECT count(*) AS n FROM toy_half').get()).toEqual({ n: 0 });
    store.close();
  });

  it('tables of a newer version of a service are refused by the service’s name', () => {
    const store = NodeStore.open(folder);
    store.migrate('toy', [FIRST, SECOND]);
    expect(() => store.migrate('toy', [FIRST])).toThrow(
      expect.objectContaining({
        code: 'E_STORE_VERSION',
        facts: expect.objectContaining({ service: 'toy', found: 2, known: 1 }),
      }),
    );
    store.close();
  });
});

describe('a store of release 0.1', () => {
  it('a store of release 0.1 is upgraded with a private backup that the old release can open', () => {
    cpSync(FOLDER_0_1, folder, { recursive: true });
    const store = NodeStore.open(folder);
    // The tables of training were made by the host: the service must not make them again.
    store.migrate('training', ['CREATE TABLE tasks (would TEXT)']);
    expect(store.db.prepare('SELECT count(*) AS n FROM tasks').get()).toEqual({ n: 2 });
    store.spending.add({ kind: 'of-a-new-service', ref: '1', token: '', amount: 5n });
    expect(store.spending.ofDay('of-a-new-service', '')).toBe(5n);
    store.close();

    const backup = join(folder, `${JOURNAL_FILE}.v5`);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    const old = new DatabaseSync(backup, { readOnly: true });
    expect(old.prepare('PRAGMA user_version').get()).toEqual({ user_version: 5 });
    expect(old.prepare('SELECT rewards FROM totals').get()).toEqual({ rewards: '12345678901234567890' });
    old.close();
  });

  it('a store that is up to date is not backed up', () => {
    NodeStore.open(folder).close();
    NodeStore.open(folder).close();
    expect(existsSync(join(folder, `${JOURNAL_FILE}.v6`))).toBe(false);
  });
});
