import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Task, TaskState } from '@a2a-js/sdk';
import { ServerCallContext } from '@a2a-js/sdk/server';
import { hasCode } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANONYMOUS, NAMED_CONTEXT, TaskStore } from './task-store.ts';
import { textPart } from './wire.ts';

const by = (userName: string) => new ServerCallContext({ user: { isAuthenticated: true, userName } });
const [alice, bob, anyone] = [by('peer:alice'), by('peer:bob'), by(ANONYMOUS)];
const task = (id: string, state = TaskState.TASK_STATE_COMPLETED, seconds = 0, contextId = 'c'): Task => ({
  ...Task.fromJSON({ id, contextId }),
  status: { state, message: undefined, timestamp: new Date(seconds * 1_000).toISOString() },
});
const query = { tenant: '', contextId: '', status: 0, pageToken: '', statusTimestampAfter: undefined };
const ids = async (store: TaskStore, context: ServerCallContext, more = {}) =>
  (await store.list({ ...query, ...more }, context)).tasks.map(({ id }) => id);

let folder: string;
let store: TaskStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'a2a-'));
  store = new TaskStore(join(folder, 'tasks.sqlite'));
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

describe('the task store', () => {
  it('a caller reads, lists and changes its own tasks alone', async () => {
    await store.save(task('1'), alice);
    expect(await store.load('1', bob)).toBeUndefined();
    expect(await ids(store, bob)).toEqual([]);
    await expect(store.save(task('1', TaskState.TASK_STATE_FAILED), bob)).rejects.toThrow(/another caller/);
    expect((await store.load('1', alice))?.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(await ids(store, alice)).toEqual(['1']);
  });

  it('an anonymous caller lists only the tasks of a conversation whose id cannot be guessed', async () => {
    await store.save(task('1', undefined, 0, 'random'), anyone);
    const named = by(ANONYMOUS);
    named.state.set(NAMED_CONTEXT, true);
    await store.save(task('2', undefined, 0, 'chat'), named);
    expect(await ids(store, anyone)).toEqual([]);
    expect(await ids(store, anyone, { contextId: 'random' })).toEqual(['1']);
    expect(await ids(store, anyone, { contextId: 'chat' })).toEqual([]);
    expect(store.conversation('chat', '', anyone)).toEqual([]);
    expect(store.conversation('random', '', anyone)).toHaveLength(1);
  });

  it('pages follow each other, the latest status first, and a token of others is refused', async () => {
    for (let i = 0; i < 7; i++) await store.save(task(`${i}`, undefined, i), alice);
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await store.list({ ...query, pageSize: 3, pageToken }, alice);
      expect(page.totalSize).toBe(7);
      seen.push(...page.tasks.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken);
    expect(seen).toEqual(['6', '5', '4', '3', '2', '1', '0']);
    await expect(store.list({ ...query, pageToken: "' OR 1" }, alice)).rejects.toThrow(/pageToken/);
  });

  it('a full store forgets the oldest finished tasks of the caller that fills it, and none that runs', async () => {
    store.close();
    let now = 1_000;
    store = new TaskStore(':memory:', { maxTasksPerCaller: 3, maxTasks: 4 }, () => now++);
    await store.save(task('bob'), bob);
    await store.save(task('runs', TaskState.TASK_STATE_WORKING), alice);
    for (let i = 0; i < 5; i++) await store.save(task(`${i}`, undefined, i), alice);
    expect(await ids(store, alice)).toEqual(['4', '3', 'runs']);
    expect(await ids(store, bob)).toEqual(['bob']);
    await store.save(task('carol'), by('peer:carol'));
    expect(await ids(store, bob)).toEqual([]);
  });

  it('the bytes and the age of what is kept are bounded', async () => {
    store.close();
    let now = 0;
    store = new TaskStore(':memory:', { maxStoreBytes: 5_000, retentionSeconds: 60 }, () => now++);
    const large = (id: string) => ({ ...task(id), metadata: { x: 'x'.repeat(1_500) } });
    for (let i = 0; i < 5; i++) await store.save(large(`${i}`), alice);
    expect(await ids(store, alice)).toEqual(['4', '3', '2']);
    now = 100_000;
    await store.save(task('new'), alice);
    expect(await ids(store, alice)).toEqual(['new']);
  });

  it('a task that grows makes room for what it holds, in bytes and not in characters', async () => {
    store.close();
    let now = 0;
    store = new TaskStore(':memory:', { maxStoreBytes: 5_000 }, () => now++);
    for (const id of ['first', 'second', 'third']) await store.save(task(id), alice);
    await store.save({ ...task('second'), metadata: { x: '\u00e9'.repeat(2_400) } }, alice);
    expect((await ids(store, alice)).sort()).toEqual(['second']);
  });

  it('a task that was at work when its process ended has failed, and what else is stored remains', async () => {
    await store.save(task('1', TaskState.TASK_STATE_WORKING), alice);
    await store.save(task('2', TaskState.TASK_STATE_INPUT_REQUIRED), alice);
    store.close();
    store = new TaskStore(join(folder, 'tasks.sqlite'));
    expect((await store.load('1', alice))?.status).toMatchObject({ state: TaskState.TASK_STATE_FAILED });
    expect((await store.load('2', alice))?.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
    expect(await ids(store, alice, { status: TaskState.TASK_STATE_FAILED })).toEqual(['1']);
  });

  it('the chunks of a streamed text are stored as one part', async () => {
    const artifact = { artifactId: 'a', name: '', description: '', metadata: undefined, extensions: [] };
    const parts = [
      textPart('a'),
      textPart('b'),
      { ...textPart('c'), filename: 'c' },
      textPart('d'),
      textPart('e'),
    ];
    await store.save({ ...task('1'), artifacts: [{ ...artifact, parts }] }, alice);
    const texts = (await store.load('1', alice))!.artifacts[0]!.parts.map(({ content }) => content?.value);
    expect(texts).toEqual(['ab', 'c', 'de']);
  });

  it('a file that is not a store is reported with what to do', async () => {
    const path = join(folder, 'other.sqlite');
    await writeFile(path, 'not a database, but long enough to be taken for one'.repeat(100));
    expect(() => new TaskStore(path)).toThrow(expect.toSatisfy((error) => hasCode(error, 'E_A2A_STORE')));
  });
});
