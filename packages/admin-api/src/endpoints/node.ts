import { z } from 'zod';
import { statusSchema } from '../documents/status.ts';
import { acceptedSchema } from '../documents/values.ts';
import { answers, type Endpoint, OPEN, TOKEN } from './endpoint.ts';

/** The node as a whole: its description, its status, its end. */
export const nodeEndpoints = {
  openapi: {
    operationId: 'openapi',
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    security: OPEN,
    responses: answers(z.record(z.string(), z.unknown())),
  },
  status: {
    operationId: 'status',
    method: 'get',
    path: '/v1/status',
    summary: 'The state of the node, as on the status screen',
    security: TOKEN,
    responses: answers(statusSchema),
  },
  shutdown: {
    operationId: 'shutdown',
    method: 'post',
    path: '/v1/shutdown',
    summary: 'Finish or roll back the current step, then end the process',
    security: TOKEN,
    responses: answers(acceptedSchema),
  },
} satisfies Record<string, Endpoint>;
