import { MAX_MODEL_BYTES } from '@chorus/protocol';
import { z } from 'zod';
import { banListSchema, banRequestSchema, banSchema, peerListSchema } from './network.ts';
import {
  modelSchema,
  publicationIdSchema,
  publicationRequestSchema,
  publicationSchema,
} from './publications.ts';
import { claimResultSchema, rewardsSchema, roundListSchema } from './rounds.ts';
import {
  stakeDepositRequestSchema,
  stakeDepositResultSchema,
  stakesQuerySchema,
  stakesSchema,
  stakeUnbondRequestSchema,
  stakeUnbondResultSchema,
  stakeWithdrawRequestSchema,
  stakeWithdrawResultSchema,
} from './stakes.ts';
import { acceptedSchema, healthSchema, readinessSchema, statusSchema } from './status.ts';
import {
  joinResultSchema,
  leaveResultSchema,
  refundRequestSchema,
  refundResultSchema,
  taskDetailSchema,
  taskListSchema,
} from './tasks.ts';
import { addressSchema, peerIdSchema, taskIdSchema } from './values.ts';

/**
 * One operation of the API. The server validates with it, the document describes it, and the client takes its types
 * from it.
 */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Parameters in braces, as in OpenAPI. */
  readonly path: `/${string}`;
  readonly summary: string;
  /** Whether the bearer token is needed. `metrics`: unless the configuration opens it. */
  readonly access: 'token' | 'open' | 'metrics';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Largest size of the body in bytes, if the body is a file (`application/octet-stream`). */
  readonly fileBytes?: number;
  /** Null for routes that do not answer with JSON; `produces` then names the type. */
  readonly response: z.ZodType | null;
  readonly produces?: string;
  /** Other statuses with the same document, such as 503 of a node that is not ready. */
  readonly also?: readonly number[];
}

const task = z.object({ id: taskIdSchema });
const publication = z.object({ id: publicationIdSchema });

/** Parameters of a list: the number of entries, and the task. */
export const roundsQuerySchema = z.object({
  task: taskIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});
export type RoundsQuery = z.infer<typeof roundsQuerySchema>;

export const eventsQuerySchema = z.object({
  task: taskIdSchema.optional().describe('only events of this task, and node-wide events'),
});

export const claimRequestSchema = z.strictObject({
  token: addressSchema.optional().describe('default: every token of the tasks this node knows'),
});
export type ClaimRequest = z.infer<typeof claimRequestSchema>;

export const ROUTES = {
  live: {
    method: 'get',
    path: '/health/live',
    summary: 'Whether the process answers',
    access: 'open',
    response: healthSchema,
  },
  ready: {
    method: 'get',
    path: '/health/ready',
    summary: 'Whether the node can take part in rounds: started, chain reachable, store writable',
    access: 'open',
    response: readinessSchema,
    also: [503],
  },
  health: {
    method: 'get',
    path: '/health',
    summary: 'The same as /health/ready',
    access: 'open',
    response: readinessSchema,
    also: [503],
  },
  metrics: {
    method: 'get',
    path: '/metrics',
    summary: 'Metrics in the text format of Prometheus',
    access: 'metrics',
    response: null,
    produces: 'text/plain',
  },
  openapi: {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    access: 'open',
    response: z.record(z.string(), z.unknown()),
  },
  status: {
    method: 'get',
    path: '/v1/status',
    summary: 'The state of the node, as on the status screen',
    access: 'token',
    response: statusSchema,
  },
  tasks: {
    method: 'get',
    path: '/v1/tasks',
    summary: 'Tasks this node follows, and tasks it saw and did not join',
    access: 'token',
    response: taskListSchema,
  },
  task: {
    method: 'get',
    path: '/v1/tasks/{id}',
    summary: 'One task, followed or not, as the chain has it',
    access: 'token',
    params: task,
    response: taskDetailSchema,
  },
  join: {
    method: 'post',
    path: '/v1/tasks/{id}/join',
    summary: 'Join an open task, if the limits allow it; revokes an earlier leave',
    access: 'token',
    params: task,
    response: joinResultSchema,
  },
  leave: {
    method: 'post',
    path: '/v1/tasks/{id}/leave',
    summary: 'Stop working for a task and do not join it again; the stake stays locked until the task ends',
    access: 'token',
    params: task,
    response: leaveResultSchema,
  },
  refund: {
    method: 'post',
    path: '/v1/tasks/{id}/refund',
    summary: 'Get back what an ended task of this wallet did not pay; answers when mined',
    access: 'token',
    params: task,
    body: refundRequestSchema,
    response: refundResultSchema,
  },
  upload: {
    method: 'post',
    path: '/v1/models',
    summary: 'Store an ONNX model, to publish a task with it; the same file gives the same CID',
    access: 'token',
    fileBytes: MAX_MODEL_BYTES,
    response: modelSchema,
  },
  publish: {
    method: 'put',
    path: '/v1/publications/{id}',
    summary:
      'Publish a task of this wallet: check it, then escrow its budget. Answers at once; the same id never pays twice',
    access: 'token',
    params: publication,
    body: publicationRequestSchema,
    response: publicationSchema,
  },
  publication: {
    method: 'get',
    path: '/v1/publications/{id}',
    summary: 'The state of a publication, also of one before a restart',
    access: 'token',
    params: publication,
    response: publicationSchema,
  },
  rounds: {
    method: 'get',
    path: '/v1/rounds',
    summary: 'Past rounds, the newest first',
    access: 'token',
    query: roundsQuerySchema,
    response: roundListSchema,
  },
  rewards: {
    method: 'get',
    path: '/v1/rewards',
    summary: 'Amounts earned, claimable and staked',
    access: 'token',
    response: rewardsSchema,
  },
  claim: {
    method: 'post',
    path: '/v1/rewards/claim',
    summary: 'Claim rewards on chain; answers when the transactions are mined',
    access: 'token',
    body: claimRequestSchema,
    response: claimResultSchema,
  },
  stakes: {
    method: 'get',
    path: '/v1/stake',
    summary: 'What an account has staked, what is unbonding, and what others have staked on its identity',
    access: 'token',
    query: stakesQuerySchema,
    response: stakesSchema,
  },
  depositStake: {
    method: 'post',
    path: '/v1/stake/deposit',
    summary: "Stake on this wallet's identity, or on another wallet's; answers when mined",
    access: 'token',
    body: stakeDepositRequestSchema,
    response: stakeDepositResultSchema,
  },
  unbondStake: {
    method: 'post',
    path: '/v1/stake/unbond',
    summary: 'Request stake back: it can be withdrawn after the unbonding period; answers when mined',
    access: 'token',
    body: stakeUnbondRequestSchema,
    response: stakeUnbondResultSchema,
  },
  withdrawStake: {
    method: 'post',
    path: '/v1/stake/withdraw',
    summary: 'Withdraw all stake whose unbonding period is over to the wallet; answers when mined',
    access: 'token',
    body: stakeWithdrawRequestSchema,
    response: stakeWithdrawResultSchema,
  },
  peers: {
    method: 'get',
    path: '/v1/peers',
    summary: 'Connected peers',
    access: 'token',
    response: peerListSchema,
  },
  bans: {
    method: 'get',
    path: '/v1/bans',
    summary: 'Banned peers',
    access: 'token',
    response: banListSchema,
  },
  ban: {
    method: 'post',
    path: '/v1/bans',
    summary: 'Ban a peer and close its connections',
    access: 'token',
    body: banRequestSchema,
    response: banSchema,
  },
  unban: {
    method: 'delete',
    path: '/v1/bans/{peer}',
    summary: 'Let a peer in again',
    access: 'token',
    params: z.object({ peer: peerIdSchema }),
    response: acceptedSchema,
  },
  events: {
    method: 'get',
    path: '/v1/events',
    summary:
      'What the node reports, as server-sent events; resumes after Last-Event-ID while it is remembered',
    access: 'token',
    query: eventsQuerySchema,
    response: null,
    produces: 'text/event-stream',
  },
  shutdown: {
    method: 'post',
    path: '/v1/shutdown',
    summary: 'Finish or roll back the current step, then end the process',
    access: 'token',
    response: acceptedSchema,
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
