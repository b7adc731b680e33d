import { z } from 'zod';
import {
  joinResultSchema,
  leaveResultSchema,
  refundRequestSchema,
  refundResultSchema,
  taskDetailSchema,
  taskListSchema,
} from '../documents/tasks.ts';
import { taskIdSchema } from '../documents/values.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN } from './endpoint.ts';

const params = z.object({ id: taskIdSchema });

export const taskEndpoints = {
  tasks: {
    operationId: 'tasks',
    method: 'get',
    path: '/v1/tasks',
    summary: 'Tasks this node follows, and tasks it saw and did not join',
    security: TOKEN,
    responses: answers(taskListSchema),
  },
  task: {
    operationId: 'task',
    method: 'get',
    path: '/v1/tasks/{id}',
    summary: 'One task, followed or not, as the chain has it',
    security: TOKEN,
    request: { params },
    responses: answers(taskDetailSchema),
  },
  join: slow({
    operationId: 'join',
    method: 'post',
    path: '/v1/tasks/{id}/join',
    summary: 'Join an open task, if the limits allow it; revokes an earlier leave',
    security: TOKEN,
    request: { params },
    responses: answers(joinResultSchema),
  }),
  leave: {
    operationId: 'leave',
    method: 'post',
    path: '/v1/tasks/{id}/leave',
    summary: 'Stop working for a task and do not join it again; the stake stays locked until the task ends',
    security: TOKEN,
    request: { params },
    responses: answers(leaveResultSchema),
  },
  refund: slow({
    operationId: 'refund',
    method: 'post',
    path: '/v1/tasks/{id}/refund',
    summary: 'Get back what an ended task of this wallet did not pay; answers when mined',
    security: TOKEN,
    request: { params, body: jsonBody(refundRequestSchema) },
    responses: answers(refundResultSchema),
  }),
} satisfies Record<string, Endpoint>;
