import { z } from 'zod';
import { agentIdSchema } from '../documents/agent-id.ts';
import {
  feedbackGivenSchema,
  feedbackRequestSchema,
  feedbackRevokedSchema,
  reputationSchema,
} from '../documents/feedback.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN } from './endpoint.ts';

const ofAgent = z.object({ agentId: agentIdSchema });

export const feedbackEndpoints = {
  reputation: slow({
    operationId: 'reputation',
    method: 'get',
    path: '/v1/directory/{agentId}/feedback',
    summary: 'What those who paid an agent say of it, and what each rating weighs',
    security: TOKEN,
    request: { params: ofAgent },
    responses: answers(reputationSchema),
  }),
  giveFeedback: slow({
    operationId: 'giveFeedback',
    method: 'post',
    path: '/v1/directory/{agentId}/feedback',
    summary: 'Rate an agent that the wallet has paid; answers when mined',
    security: TOKEN,
    request: { params: ofAgent, body: jsonBody(feedbackRequestSchema) },
    responses: answers(feedbackGivenSchema),
  }),
  revokeFeedback: slow({
    operationId: 'revokeFeedback',
    method: 'delete',
    path: '/v1/directory/{agentId}/feedback/{index}',
    summary: 'Take back a rating of the wallet; answers when mined',
    security: TOKEN,
    request: { params: ofAgent.extend({ index: z.string().regex(/^\d{1,20}$/, 'must be a number') }) },
    responses: answers(feedbackRevokedSchema),
  }),
} satisfies Record<string, Endpoint>;
