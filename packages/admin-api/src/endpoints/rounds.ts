import { roundListSchema, roundsQuerySchema } from '../documents/rounds.ts';
import { answers, type Endpoint, TOKEN } from './endpoint.ts';

export const roundEndpoints = {
  rounds: {
    operationId: 'rounds',
    method: 'get',
    path: '/v1/rounds',
    summary: 'Past rounds, the newest first',
    security: TOKEN,
    request: { query: roundsQuerySchema },
    responses: answers(roundListSchema),
  },
} satisfies Record<string, Endpoint>;
