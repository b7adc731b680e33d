import type { DatabaseSync } from 'node:sqlite';
import { type ListTasksRequest, type ListTasksResponse, Task, TaskState } from '@a2a-js/sdk';
import type { TaskStore as SdkTaskStore, ServerCallContext } from '@a2a-js/sdk/server';
import { compacted } from './compact.ts';
import { openDatabase } from './database.ts';
import { type A2aLimits, DEFAULT_LIMITS } from './limits.ts';
import { pageToken, parsePageToken } from './page-token.ts';
import { ACTIVE_SQL } from './states.ts';
import { agentText } from './wire.ts';

/** Who asks, if the transport proves nothing: all such callers share this name, and see no list. */
export const ANONYMOUS = 'anonymous';

/** Set in a call's state if the caller named the conversation itself, so that others may know its name. */
export const NAMED_CONTEXT = 'chorus:named-context';

interface Row {
  id: string;
  json: string;
}

export const ownerOf = (context: ServerCallContext): string => context.user?.userName || ANONYMOUS;

/**
 * The tasks of one agent, in SQLite. A caller sees its own tasks. Those of anonymous callers are visible to anyone
 * who knows the id of a task, or of a conversation that this agent named: both are random, 122 bits.
 */
export class TaskStore implements SdkTaskStore {
  readonly db: DatabaseSync;
  readonly #limits: A2aLimits;
  readonly #now: () => number;
  #bytes: number;

  /** @throws ChorusError `E_A2A_STORE` */
  constructor(path: string, limits: Partial<A2aLimits> = {}, now: () => number = Date.now) {
    this.db = openDatabase(path);
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#now = now;
    this.#bytes = Number(this.db.prepare('SELECT coalesce(sum(bytes), 0) AS bytes FROM tasks').get()!.bytes);
    this.#failUnfinished();
  }

  async save(task: Task, context: ServerCallContext): Promise<void> {
    const owner = ownerOf(context);
    const small = compacted(task);
    const json = JSON.stringify(Task.toJSON(small));
    const bytes = Buffer.byteLength(json);
    const known = this.db.prepare('SELECT owner, bytes FROM tasks WHERE id = ?').get(task.id);
    if (known && known.owner !== owner) throw new Error('the task belongs to another caller');
    const state = task.status?.state ?? TaskState.TASK_STATE_SUBMITTED;
    const time = task.status?.timestamp ?? '';
    const now = this.#now();
    if (!known) this.#makeRoom(owner, bytes, now);
    const minted = context.state.get(NAMED_CONTEXT) === true ? 0 : 1;
    this.db
      .prepare(
        `INSERT INTO tasks (id, owner, context, minted, state, status_time, created, updated, bytes, json)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, status_time = excluded.status_time,
           updated = excluded.updated, bytes = excluded.bytes, json = excluded.json`,
      )
      .run(task.id, owner, task.contextId, minted, state, time, now, now, bytes, json);
    this.#bytes += bytes - Number(known?.bytes ?? 0);
    // A task that grew makes room as well, but not by itself.
    this.#shrink('id <> ?', [task.id], this.#limits.maxStoreBytes);
  }

  async load(taskId: string, context: ServerCallContext): Promise<Task | undefined> {
    const row = this.db
      .prepare('SELECT json FROM tasks WHERE id = ? AND owner = ?')
      .get(taskId, ownerOf(context)) as Row | undefined;
    return row ? Task.fromJSON(JSON.parse(row.json)) : undefined;
  }

  /** Whether a caller has such a task. */
  has(taskId: string, context: ServerCallContext): boolean {
    const sql = 'SELECT 1 FROM tasks WHERE id = ? AND owner = ?';
    return this.db.prepare(sql).get(taskId, ownerOf(context)) !== undefined;
  }

  /** Bytes of a stored task; 0 if it does not exist. */
  bytesOf(taskId: string): number {
    return Number(this.db.prepare('SELECT bytes FROM tasks WHERE id = ?').get(taskId)?.bytes ?? 0);
  }

  /** The conversation of a task, empty if there is no such task. */
  contextOf(taskId: string): string {
    return String(this.db.prepare('SELECT context FROM tasks WHERE id = ?').get(taskId)?.context ?? '');
  }

  async list(params: ListTasksRequest, context: ServerCallContext): Promise<ListTasksResponse> {
    const pageSize = params.pageSize ?? 50;
    const owner = ownerOf(context);
    const where = ['owner = ?'];
    const values: (string | number)[] = [owner];
    const and = (sql: string, ...more: (string | number)[]) => {
      where.push(sql);
      values.push(...more);
    };
    if (params.contextId) and('context = ?', params.contextId);
    // An anonymous caller proves its right by the conversation's id, if it cannot be guessed.
    if (owner === ANONYMOUS) and(params.contextId ? 'minted = 1' : '0');
    if (params.status) and('state = ?', params.status);
    if (params.statusTimestampAfter) {
      and('status_time > ?', new Date(params.statusTimestampAfter).toISOString());
    }
    const count = this.db.prepare(`SELECT count(*) AS n FROM tasks WHERE ${where.join(' AND ')}`);
    const totalSize = Number(count.get(...values)!.n);
    if (params.pageToken) {
      const [time, id] = parsePageToken(params.pageToken);
      and('(status_time, id) < (?, ?)', time, id);
    }
    const rows = this.db
      .prepare(
        `SELECT id, json, status_time FROM tasks WHERE ${where.join(' AND ')}
         ORDER BY status_time DESC, id DESC LIMIT ?`,
      )
      .all(...values, pageSize + 1) as unknown as (Row & { status_time: string })[];
    const page = rows.slice(0, pageSize);
    const last = page.at(-1);
    return {
      tasks: page.map(({ json }) => {
        const task = Task.fromJSON(JSON.parse(json));
        return params.includeArtifacts ? task : { ...task, artifacts: [] };
      }),
      nextPageToken: rows.length > pageSize && last ? pageToken(last.status_time, last.id) : '',
      pageSize,
      totalSize,
    };
  }

  /** Tasks of a conversation other than this one, the oldest first: the latest 50 at most. */
  conversation(contextId: string, besides: string, context: ServerCallContext): Task[] {
    const owner = ownerOf(context);
    const guessable = owner === ANONYMOUS ? 'AND minted = 1' : '';
    const rows = this.db
      .prepare(
        `SELECT id, json FROM tasks WHERE owner = ? AND context = ? AND id <> ? ${guessable}
         ORDER BY created DESC, rowid DESC LIMIT 50`,
      )
      .all(owner, contextId, besides) as unknown as Row[];
    return rows.reverse().map(({ json }) => Task.fromJSON(JSON.parse(json)));
  }

  /** Whether this agent named a conversation, so that only those know its name whom it told. */
  isMinted(contextId: string, context: ServerCallContext): boolean {
    const sql = 'SELECT 1 FROM tasks WHERE owner = ? AND context = ? AND minted = 1 LIMIT 1';
    return this.db.prepare(sql).get(ownerOf(context), contextId) !== undefined;
  }

  /** What is finished or waits for its caller, oldest first, makes room; what runs never does. */
  #makeRoom(owner: string, bytes: number, now: number): void {
    const { maxTasks, maxTasksPerCaller, maxStoreBytes, retentionSeconds } = this.#limits;
    this.#delete('updated < ?', [now - retentionSeconds * 1_000], -1);
    const count = (sql: string, ...values: string[]) =>
      Number(this.db.prepare(`SELECT count(*) AS n FROM tasks ${sql}`).get(...values)!.n);
    const own = count('WHERE owner = ?', owner) - maxTasksPerCaller + 1;
    if (own > 0) this.#delete('owner = ?', [owner], own);
    const all = count('') - maxTasks + 1;
    if (all > 0) this.#delete('1', [], all);
    this.#shrink('1', [], maxStoreBytes - bytes);
  }

  /** Deletes the oldest until the rest has at most this size, as far as it can. */
  #shrink(where: string, values: string[], most: number): void {
    while (this.#bytes > most && this.#delete(where, values, 1) > 0);
  }

  #delete(where: string, values: (string | number)[], limit: number): number {
    const rows = this.db
      .prepare(
        `DELETE FROM tasks WHERE id IN (SELECT id FROM tasks WHERE ${where} AND state NOT IN (${ACTIVE_SQL})
         ORDER BY updated LIMIT ?) RETURNING bytes`,
      )
      .all(...values, limit);
    for (const { bytes } of rows) this.#bytes -= Number(bytes);
    return rows.length;
  }

  /** Tasks of an earlier process have no one who works on them. */
  #failUnfinished(): void {
    const unfinished = `SELECT id, json FROM tasks WHERE state IN (${ACTIVE_SQL})`;
    const rows = this.db.prepare(unfinished).all() as unknown as Row[];
    const update = this.db.prepare('UPDATE tasks SET state = ?, status_time = ?, json = ? WHERE id = ?');
    for (const { id, json } of rows) {
      const task = Task.fromJSON(JSON.parse(json));
      const timestamp = new Date(this.#now()).toISOString();
      const message = agentText(task, 'The agent was restarted. Ask again.');
      task.status = { state: TaskState.TASK_STATE_FAILED, message, timestamp };
      update.run(TaskState.TASK_STATE_FAILED, timestamp, JSON.stringify(Task.toJSON(task)), id);
    }
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }
}
