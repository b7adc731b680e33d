import { z } from 'zod';
import { agentIdSchema } from '../documents/agent-id.ts';
import {
  collectionSchema,
  revenueClaimedSchema,
  revenueClaimSchema,
  revenueQuerySchema,
  revenueSchema,
  tillSchema,
} from '../documents/revenue.ts';
import {
  unitLaunchSchema,
  unitsQuerySchema,
  unitsSchema,
  unitTradedSchema,
  unitTradeSchema,
} from '../documents/units.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN } from './endpoint.ts';

const ofAgent = z.object({ agentId: agentIdSchema });

export const revenueEndpoints = {
  revenue: slow({
    operationId: 'revenue',
    method: 'get',
    path: '/v1/revenue',
    summary: 'What agents, royalties and units have brought to the wallet, and what it can claim',
    security: TOKEN,
    request: { query: revenueQuerySchema },
    responses: answers(revenueSchema),
  }),
  claimRevenue: slow({
    operationId: 'claimRevenue',
    method: 'post',
    path: '/v1/revenue/claim',
    summary: 'Collect the tills of this node, and pay out all that the wallet is owed; answers when mined',
    security: TOKEN,
    request: { body: jsonBody(revenueClaimSchema) },
    responses: answers(revenueClaimedSchema),
  }),
  till: slow({
    operationId: 'till',
    method: 'get',
    path: '/v1/tills/{agentId}',
    summary: 'Where an agent is paid, how its payments are divided, and what waits there',
    security: TOKEN,
    request: { params: ofAgent },
    responses: answers(tillSchema),
  }),
  collectTill: slow({
    operationId: 'collectTill',
    method: 'post',
    path: '/v1/tills/{agentId}/collect',
    summary: 'Divide what is in the till of any agent; answers when mined',
    security: TOKEN,
    request: { params: ofAgent },
    responses: answers(collectionSchema),
  }),
  units: slow({
    operationId: 'units',
    method: 'get',
    path: '/v1/units/{agentId}',
    summary: 'The units of an agent: their terms, their price, and what the wallet holds',
    security: TOKEN,
    request: { params: ofAgent, query: unitsQuerySchema },
    responses: answers(unitsSchema),
  }),
  launchUnits: slow({
    operationId: 'launchUnits',
    method: 'post',
    path: '/v1/units/{agentId}/launch',
    summary: 'Launch units of an agent of the wallet, once and under terms that stay; answers when mined',
    security: TOKEN,
    request: { params: ofAgent, body: jsonBody(unitLaunchSchema) },
    responses: answers(unitsSchema),
  }),
  buyUnits: slow({
    operationId: 'buyUnits',
    method: 'post',
    path: '/v1/units/{agentId}/buy',
    summary: 'Buy units; answers when mined',
    security: TOKEN,
    request: { params: ofAgent, body: jsonBody(unitTradeSchema) },
    responses: answers(unitTradedSchema),
  }),
  sellUnits: slow({
    operationId: 'sellUnits',
    method: 'post',
    path: '/v1/units/{agentId}/sell',
    summary: 'Sell units; answers when mined',
    security: TOKEN,
    request: { params: ofAgent, body: jsonBody(unitTradeSchema) },
    responses: answers(unitTradedSchema),
  }),
} satisfies Record<string, Endpoint>;
