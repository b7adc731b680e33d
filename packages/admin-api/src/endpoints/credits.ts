import { z } from 'zod';
import {
  addCreditRequestSchema,
  channelIdSchema,
  creditListSchema,
  creditSchema,
  creditsClaimedSchema,
  openCreditRequestSchema,
} from '../documents/credits.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN } from './endpoint.ts';

const params = z.object({ id: channelIdSchema });

export const creditEndpoints = {
  credits: slow({
    operationId: 'credits',
    method: 'get',
    path: '/v1/agents/credits/list',
    summary: 'Prepaid channels: those of this wallet, and those of callers of its agents',
    security: TOKEN,
    responses: answers(creditListSchema),
  }),
  openCredit: slow({
    operationId: 'openCredit',
    method: 'post',
    path: '/v1/agents/credits/open',
    summary: 'Prepay an agent: open a channel with a first deposit, or go on with one that was begun',
    security: TOKEN,
    request: { body: jsonBody(openCreditRequestSchema) },
    responses: answers(creditSchema),
  }),
  claimCredits: slow({
    operationId: 'claimCredits',
    method: 'post',
    path: '/v1/agents/credits/claim',
    summary: 'Claim everything that calls by prepaid channels have cost',
    security: TOKEN,
    responses: answers(creditsClaimedSchema),
  }),
  addCredit: slow({
    operationId: 'addCredit',
    method: 'post',
    path: '/v1/agents/credits/{id}/add',
    summary: 'Pay more into an open channel',
    security: TOKEN,
    request: { params, body: jsonBody(addCreditRequestSchema) },
    responses: answers(creditSchema),
  }),
  closeCredit: slow({
    operationId: 'closeCredit',
    method: 'post',
    path: '/v1/agents/credits/{id}/close',
    summary: 'Take back what is left: start the withdrawal, or end it after its delay',
    security: TOKEN,
    request: { params },
    responses: answers(creditSchema),
  }),
} satisfies Record<string, Endpoint>;
