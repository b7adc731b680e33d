import { ADDRESS, detail, hostOf, JSON_TYPE, only, problemIn } from '@chorus/node/testing';
import { ChorusError } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type TasksSource, tasksApp } from './tasks.ts';

function setUp() {
  const calls: string[] = [];
  const area = tasksApp(
    only<TasksSource>({
      task: async (id) => {
        calls.push(`task ${id}`);
        if (id === 404n)
          throw new ChorusError('E_CHAIN_UNKNOWN_TASK', 'no such task', { facts: { taskId: id } });
        return detail;
      },
      refund: async (id, cancel) => {
        calls.push(`refund ${id} ${cancel}`);
        return { taskId: `${id}`, token: ADDRESS, decimals: 6, amount: '95', transaction: '0x01' };
      },
    }),
  );
  return { ...hostOf([area]), calls };
}

describe('tasks', () => {
  it('the tasks API takes the largest number of a task, and no other text', async () => {
    const { ask, calls } = setUp();
    expect((await ask('GET', '/v1/tasks/18446744073709551615')).status).toBe(200);
    for (const id of ['seven', '-1', '0x7', '1'.repeat(21), '%20']) {
      expect(await problemIn(await ask('GET', `/v1/tasks/${id}`)), id).toMatchObject({
        status: 400,
        facts: { place: 'path', field: 'id' },
      });
    }
    expect(calls).toEqual(['task 18446744073709551615']);
  });

  it('the tasks API cancels a task only if that is asked', async () => {
    const { ask, calls } = setUp();
    for (const body of ['{}', '{"cancel":true}']) await ask('POST', '/v1/tasks/7/refund', JSON_TYPE, body);
    expect(calls).toEqual(['refund 7 false', 'refund 7 true']);
  });

  it('the tasks API reports errors of the node by code, and logs failures alone', async () => {
    const { ask, errors } = setUp();
    expect(await problemIn(await ask('GET', '/v1/tasks/404'))).toMatchObject({
      status: 404,
      code: 'E_CHAIN_UNKNOWN_TASK',
      facts: { taskId: '404' },
    });
    expect(errors).toEqual([]);
    expect(await problemIn(await ask('POST', '/v1/tasks/7/join'))).toMatchObject({ code: 'E_UNEXPECTED' });
    expect(errors).toHaveLength(1);
  });
});
