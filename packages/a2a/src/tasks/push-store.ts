import { randomUUID } from 'node:crypto';
import { TaskPushNotificationConfig } from '@a2a-js/sdk';
import { RequestMalformedError } from '@a2a-js/sdk/errors';
import type { PushNotificationStore, ServerCallContext } from '@a2a-js/sdk/server';
import { type GuardOptions, guardedUrl } from '../net/guarded-agent.ts';
import type { TaskStore } from './task-store.ts';

const MAX_ID = 200;
const MAX_SECRET = 4_096;
/** A scheme and its credentials become a header. */
const HEADER_SAFE = /^[\x20-\x7e]*$/;

/** Whom to tell of a task's progress. Callers reach only their own tasks: the handler looks the task up first. */
export class PushStore implements PushNotificationStore {
  readonly #store: TaskStore;
  readonly #max: number;
  readonly #guard: GuardOptions;

  constructor(store: TaskStore, max: number, guard: GuardOptions) {
    this.#store = store;
    this.#max = max;
    this.#guard = guard;
  }

  /** @throws RequestMalformedError for a configuration that cannot be used, such as a URL that may not be called */
  assertUsable({ id, url, token, authentication }: TaskPushNotificationConfig): void {
    const { scheme = '', credentials = '' } = authentication ?? {};
    const secrets = `${scheme}${credentials}${token}`;
    if (id.length > MAX_ID || secrets.length > MAX_SECRET || !HEADER_SAFE.test(secrets)) {
      throw new RequestMalformedError(
        'the id, token or credentials of the push notifications are not usable',
      );
    }
    try {
      guardedUrl(url, this.#guard);
    } catch (error) {
      throw new RequestMalformedError((error as Error).message);
    }
  }

  /** @throws RequestMalformedError if a task has as many configurations as it may */
  assertRoom(taskId: string, { id }: Pick<TaskPushNotificationConfig, 'id'>): void {
    const others = this.#store.db.prepare('SELECT count(*) AS n FROM push WHERE task = ? AND id <> ?');
    if (Number(others.get(taskId, id)!.n) < this.#max) return;
    throw new RequestMalformedError(`a task has at most ${this.#max} push notification configurations`);
  }

  /** @throws RequestMalformedError as `assertUsable`, and beyond the limit of a task */
  async save(taskId: string, _: ServerCallContext, config: TaskPushNotificationConfig): Promise<void> {
    if (config.id === '') config.id = randomUUID();
    this.assertUsable(config);
    this.assertRoom(taskId, config);
    // A new task is stored with its first event; its notifications are configured before that.
    if (this.#store.bytesOf(taskId) === 0) {
      this.#early.set(taskId, config);
      if (this.#early.size > 1_000) this.#early.delete(this.#early.keys().next().value!);
      return;
    }
    this.#write(taskId, config);
  }

  readonly #early = new Map<string, TaskPushNotificationConfig>();

  #write(taskId: string, config: TaskPushNotificationConfig): void {
    this.#store.db
      .prepare('INSERT OR REPLACE INTO push (task, id, json) VALUES (?, ?, ?)')
      .run(taskId, config.id, JSON.stringify(TaskPushNotificationConfig.toJSON(config)));
  }

  async load(taskId: string): Promise<TaskPushNotificationConfig[]> {
    const early = this.#early.get(taskId);
    if (early && this.#store.bytesOf(taskId) > 0) {
      this.#early.delete(taskId);
      this.#write(taskId, early);
    }
    const rows = this.#store.db.prepare('SELECT json FROM push WHERE task = ? ORDER BY id').all(taskId);
    return rows.map(({ json }) => TaskPushNotificationConfig.fromJSON(JSON.parse(String(json))));
  }

  async delete(taskId: string, _: ServerCallContext, configId?: string): Promise<void> {
    const { db } = this.#store;
    if (configId === undefined) db.prepare('DELETE FROM push WHERE task = ?').run(taskId);
    else db.prepare('DELETE FROM push WHERE task = ? AND id = ?').run(taskId, configId);
  }
}
