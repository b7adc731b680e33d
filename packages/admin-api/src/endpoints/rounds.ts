import { MAX_ROUNDS } from '@chorus/protocol';
import { z } from 'zod';
import { roundProofSchema } from '../documents/round-proof.ts';
import {
  roundListSchema,
  roundsQuerySchema,
  settledRoundsQuerySchema,
  settledRoundsSchema,
} from '../documents/rounds.ts';
import { taskIdSchema } from '../documents/values.ts';
import { answers, type Endpoint, slow, TOKEN } from './endpoint.ts';

const params = z.object({ id: taskIdSchema });
const roundParams = params.extend({ round: z.coerce.number().int().min(1).max(MAX_ROUNDS) });

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
  settledRounds: slow({
    operationId: 'settledRounds',
    method: 'get',
    path: '/v1/tasks/{id}/rounds',
    summary: 'The last settled rounds of any task, with all its trainers, as the chain has them',
    security: TOKEN,
    request: { params, query: settledRoundsQuerySchema },
    responses: answers(settledRoundsSchema),
  }),
  roundProof: slow({
    operationId: 'roundProof',
    method: 'get',
    path: '/v1/tasks/{id}/rounds/{round}/proof',
    summary:
      "What a settled round is checked and explained with: the chain's records and the proof, no verdict",
    security: TOKEN,
    request: { params: roundParams },
    responses: answers(roundProofSchema),
  }),
} satisfies Record<string, Endpoint>;
