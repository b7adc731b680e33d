import { DatabaseSync } from 'node:sqlite';
import type { AnyCatalogue, AnyEvent } from '@chorus/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENTS_EVENTS } from '../events/agents-catalogue.ts';
import { AGENT_LOG_MIGRATION, AgentLog } from './agent-log.ts';

let db: DatabaseSync;
let log: AgentLog;
beforeEach(() => {
  db = new DatabaseSync(':memory:');
  db.exec(AGENT_LOG_MIGRATION);
  const store = { db, isOpen: true, transact: <T>(work: () => T) => work() };
  log = new AgentLog(store, AGENTS_EVENTS as AnyCatalogue);
});
afterEach(() => db.close());

const stopped = (agent: string) => ({ type: 'agents.stopped', agent }) as unknown as AnyEvent;
const kept = (agent: string) =>
  Number(db.prepare('SELECT count(*) AS n FROM agents_log WHERE agent = ?').get(agent)!.n);

describe('the log of an agent', () => {
  it('has its own lines in their order, those after a line alone if asked, and nothing of other events', () => {
    for (const agent of ['guide', 'desk', 'guide']) log.add(stopped(agent));
    log.add({ type: 'ready', agent: 'guide' } as unknown as AnyEvent);
    const { lines } = log.lines('guide', { most: 9, after: 0 });
    expect(lines.map(({ id, level }) => [id, level])).toEqual([
      [1, 'info'],
      [3, 'info'],
    ]);
    expect(log.lines('guide', { most: 9, after: 1 }).lines.map(({ id }) => id)).toEqual([3]);
    expect(log.lines('guide', { most: 1, after: 0 }).lines.map(({ id }) => id)).toEqual([3]);
  });

  it('is bounded for each agent, also for one that only answers another and so takes every second turn', () => {
    for (let i = 0; i < 2_300; i++) {
      log.add(stopped('asked'));
      log.add(stopped('asking'));
    }
    expect(kept('asked')).toBeLessThanOrEqual(2_100);
    expect(kept('asking')).toBeLessThanOrEqual(2_100);
  });
});
