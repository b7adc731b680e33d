import { z } from 'zod';
import { banListSchema, banRequestSchema, banSchema, peerListSchema } from '../documents/network.ts';
import { acceptedSchema, peerIdSchema } from '../documents/values.ts';
import { answers, type Endpoint, jsonBody, TOKEN } from './endpoint.ts';

export const networkEndpoints = {
  peers: {
    operationId: 'peers',
    method: 'get',
    path: '/v1/peers',
    summary: 'Connected peers',
    security: TOKEN,
    responses: answers(peerListSchema),
  },
  bans: {
    operationId: 'bans',
    method: 'get',
    path: '/v1/bans',
    summary: 'Banned peers',
    security: TOKEN,
    responses: answers(banListSchema),
  },
  ban: {
    operationId: 'ban',
    method: 'post',
    path: '/v1/bans',
    summary: 'Ban a peer and close its connections',
    security: TOKEN,
    request: { body: jsonBody(banRequestSchema) },
    responses: answers(banSchema),
  },
  unban: {
    operationId: 'unban',
    method: 'delete',
    path: '/v1/bans/{peer}',
    summary: 'Let a peer in again',
    security: TOKEN,
    request: { params: z.object({ peer: peerIdSchema }) },
    responses: answers(acceptedSchema),
  },
} satisfies Record<string, Endpoint>;
