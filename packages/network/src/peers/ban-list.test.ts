import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_BANS } from '../core/limits.ts';
import { BanList } from './ban-list.ts';
import { PeerReputation } from './peer-reputation.ts';

let folder: string;
let path: string;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-bans-'));
  path = join(folder, 'network', 'bans.json');
  warnings = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});
const file = () => new BanList(path, (message) => warnings.push(message));

describe('the ban list on disk', () => {
  test('the ban list on disk holds the last state of the book, and is in force again after a restart', async () => {
    const first = file();
    const book = new PeerReputation({ onChange: (bans) => first.save(bans), now: () => 1_000 });
    book.ban('a', 5_000, 'test');
    book.ban('b', 5_000, 'test');
    book.ban('forever', Number.POSITIVE_INFINITY, 'by hand');
    book.unban('b');
    await first.flush();
    const again = new PeerReputation({ now: () => 2_000 });
    again.restore(await file().load());
    expect(again.bans()).toEqual([
      { peer: 'a', until: 6_000, reason: 'test' },
      { peer: 'forever', until: Number.POSITIVE_INFINITY, reason: 'by hand' },
    ]);
    const later = new PeerReputation({ now: () => 6_000 });
    later.restore(await file().load());
    expect(later.bans().map((ban) => ban.peer)).toEqual(['forever']);
    expect(await readdir(join(folder, 'network'))).toEqual(['bans.json']);
  });

  test('many ban list changes at once end with the last one on disk', async () => {
    const target = file();
    for (let i = 0; i < 100; i++) target.save([{ peer: `p${i}`, until: 1, reason: 'r' }]);
    await target.flush();
    expect(JSON.parse(await readFile(path, 'utf8')).bans).toEqual([{ peer: 'p99', until: 1, reason: 'r' }]);
  });

  test('a missing ban list counts as empty without a warning, and a damaged one is moved aside and reported', async () => {
    expect(await file().load()).toEqual([]);
    expect(warnings).toEqual([]);
    file().save([]);
    for (const text of ['{"version":1,"bans":[{"peer":7}]}', '{"version":2}', 'null', '{"ver', '']) {
      const target = file();
      target.save([]);
      await target.flush();
      await writeFile(path, text);
      expect(await target.load()).toEqual([]);
      expect(await readFile(`${path}.damaged`, 'utf8')).toBe(text);
    }
    expect(warnings.length).toBe(5);
  });

  test('a ban list that cannot be written is reported, and does not throw', async () => {
    await writeFile(join(folder, 'network'), 'a file where the folder should be');
    const target = file();
    target.save([]);
    await target.flush();
    expect(warnings).toEqual([expect.stringContaining('cannot write the ban list')]);
    await chmod(folder, 0o700);
  });

  test('the ban list stays bounded: a new ban replaces one that ends, never a permanent one', () => {
    const book = new PeerReputation();
    book.ban('forever', Number.POSITIVE_INFINITY, 'by hand');
    for (let i = 0; i < MAX_BANS + 10; i++) book.ban(`p${i}`, 60_000, 'test');
    const peers = book.bans().map((ban) => ban.peer);
    expect(peers.length).toBe(MAX_BANS);
    expect(peers).toContain('forever');
    expect(peers).not.toContain('p0');
    expect(peers).toContain(`p${MAX_BANS + 9}`);
  });
});
