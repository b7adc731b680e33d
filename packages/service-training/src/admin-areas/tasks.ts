import type { JoinResult, LeaveResult, RefundResult, TaskDetail, TaskList } from '@chorus/admin-api';
import { taskRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';

/** The training tasks of a node. Methods throw ChorusError. */
export interface TasksSource {
  tasks(): Promise<TaskList>;
  task(id: bigint): Promise<TaskDetail>;
  join(id: bigint): Promise<JoinResult>;
  leave(id: bigint): Promise<LeaveResult>;
  /** `cancel`: end one that still looks for members first. */
  refund(id: bigint, cancel: boolean): Promise<RefundResult>;
}

/** Training tasks: what is known of them, joining, leaving, and what is left of one's own. */
export function tasksApp(source: TasksSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(taskRoutes.tasks, async (c) => c.json(await source.tasks(), 200))
    .openapi(taskRoutes.task, async (c) => c.json(await source.task(BigInt(c.req.valid('param').id)), 200))
    .openapi(taskRoutes.join, async (c) => c.json(await source.join(BigInt(c.req.valid('param').id)), 200))
    .openapi(taskRoutes.leave, async (c) => c.json(await source.leave(BigInt(c.req.valid('param').id)), 200))
    .openapi(taskRoutes.refund, async (c) => {
      const { cancel } = c.req.valid('json');
      return c.json(await source.refund(BigInt(c.req.valid('param').id), cancel), 200);
    });
}
