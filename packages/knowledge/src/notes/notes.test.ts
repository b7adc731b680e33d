import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_NOTES_OF_CALLER } from '../limits.ts';
import { NoteStore } from './note-store.ts';
import { noteTools } from './note-tools.ts';

const DAY = 86_400_000;
const never = new AbortController().signal;
let folder: string;
let store: NoteStore;
let now: number;
const open = () =>
  new NoteStore({ state: join(folder, 'state'), keepMilliseconds: 90 * DAY, now: () => now });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-notes-'));
  now = Date.UTC(2026, 10, 29);
  store = open();
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});
const texts = (caller: string, about = '') =>
  store
    .of(caller)!
    .recall(about, 10)
    .map(({ text }) => text);

describe('notes of callers', () => {
  it('a note is found by its words, and the latest without words', () => {
    const ann = store.of('peer:ann')!;
    ann.remember('She has two cats.');
    now += 1;
    ann.remember('She lives in Gdynia.');
    expect(texts('peer:ann', 'Does she have a cat?')[0]).toBe('She has two cats.');
    expect(texts('peer:ann')).toEqual(['She lives in Gdynia.', 'She has two cats.']);
    expect(texts('peer:ann', 'astronomy')).toEqual([]);
  });

  it('notes outlive the store that wrote them', () => {
    store.of('owner')!.remember('kept');
    store.close();
    store = open();
    expect(texts('owner')).toEqual(['kept']);
  });

  it('a caller finds, lists and deletes nothing of another, not even by its id', () => {
    const { id } = store.of('peer:ann')!.remember('Her secret is pineapple.');
    const bob = store.of('peer:bob')!;
    expect(bob.recall('pineapple', 10)).toEqual([]);
    expect(bob.recall('', 10)).toEqual([]);
    expect(bob.recall('" OR caller:ann', 10)).toEqual([]);
    expect(bob.forget(id)).toBe(false);
    expect(texts('peer:ann')).toEqual(['Her secret is pineapple.']);
    expect(store.of('peer:ann')!.forget(id)).toBe(true);
    expect(texts('peer:ann')).toEqual([]);
  });

  it.each(['anonymous', '', 'peer:', 'owners', 'x peer:ann'])('%j has no notes', (caller) => {
    expect(store.of(caller)).toBeNull();
  });

  it('a note goes when its time is over', () => {
    store.of('peer:ann')!.remember('old');
    now += 60 * DAY;
    store.of('peer:ann')!.remember('new');
    now += 31 * DAY;
    expect(texts('peer:ann')).toEqual(['new']);
    now += 60 * DAY;
    store.close();
    store = open();
    expect(store.callers()).toEqual([]);
  });

  it('the owner sees who has notes, and deletes those of one or of all', async () => {
    store.of('peer:ann')!.remember('a very particular sentence');
    store.of('peer:ann')!.remember('two');
    store.of('peer:bob')!.remember('three');
    expect(
      store
        .callers()
        .map(({ caller, notes }) => [caller, notes])
        .sort(),
    ).toEqual([
      ['peer:ann', 2],
      ['peer:bob', 1],
    ]);
    expect(store.list('peer:ann').map(({ text }) => text)).toEqual(['two', 'a very particular sentence']);
    expect(store.forget('peer:ann')).toBe(2);
    expect(store.callers()).toMatchObject([{ caller: 'peer:bob' }]);
    expect(store.forget(null)).toBe(1);
    expect(store.callers()).toEqual([]);
    store.close();
    const file = await readFile(join(folder, 'state', 'notes.sqlite'), 'latin1');
    expect(file).not.toContain('a very particular sentence');
  });

  it('a caller cannot fill the store', () => {
    const ann = store.of('peer:ann')!;
    for (let i = 0; i < MAX_NOTES_OF_CALLER; i++) ann.remember(`note ${i}`);
    expect(() => ann.remember('one more')).toThrow('as many notes as there may be');
    expect(() => ann.remember('x'.repeat(10_000))).toThrow('shorter');
    store.of('peer:bob')!.remember('has room');
  });

  it('a damaged file is reported, and not overwritten', async () => {
    store.close();
    const path = join(folder, 'state', 'notes.sqlite');
    await rm(`${path}-wal`, { force: true });
    await writeFile(path, 'no database, but long enough to be read as one'.repeat(100));
    expect(open).toThrow(expect.objectContaining({ code: 'E_MEMORY_STORE' }));
    expect(await readFile(path, 'utf8')).toContain('no database');
    store = new NoteStore({ state: join(folder, 'other'), keepMilliseconds: null });
  });
});

describe('notes as tools', () => {
  const call = (caller: string, name: string, input: unknown) =>
    noteTools(store.of(caller)!)
      .find((tool) => tool.name === name)!
      .call(input, never);

  it('a model keeps, finds and deletes', async () => {
    const { text } = await call('peer:ann', 'remember', { note: 'She is vegan.' });
    const [, id] = /^kept as note ([0-9a-f]{8})$/.exec(text)!;
    expect((await call('peer:ann', 'recall', { about: 'vegan food' })).text).toBe(
      `${id} (2026-11-29): She is vegan.`,
    );
    expect((await call('peer:bob', 'recall', {})).text).toBe('there is no such note');
    expect((await call('peer:bob', 'forget', { id })).text).toBe('there is no such note');
    expect((await call('peer:ann', 'forget', { id })).text).toBe('it is deleted');
  });

  it('an input that names a caller is read without that', async () => {
    await call('peer:ann', 'remember', { note: 'hers' });
    const { text } = await call('peer:bob', 'recall', { about: '', caller: 'peer:ann' });
    expect(text).toBe('there is no such note');
  });

  it('a wrong input is an answer that says so', async () => {
    expect(await call('peer:ann', 'remember', {})).toMatchObject({ isError: true });
  });
});
