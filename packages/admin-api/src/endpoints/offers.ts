import { z } from 'zod';
import {
  askIdSchema,
  askRequestSchema,
  askSchema,
  hireRequestSchema,
  orderIdSchema,
  orderListSchema,
  orderSchema,
} from '../documents/asks.ts';
import { offerListSchema } from '../documents/offers.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN, upTo } from './endpoint.ts';

/** The input of an order travels in one message. */
const MAX_INPUT_BYTES = 64 * 1024;

export const offerEndpoints = {
  offers: slow({
    operationId: 'offers',
    method: 'get',
    path: '/v1/offers',
    summary: 'Standing offers of agents that this node has heard of',
    security: TOKEN,
    responses: answers(offerListSchema),
  }),
  askMarket: slow({
    operationId: 'askMarket',
    method: 'post',
    path: '/v1/offers/asks',
    summary: 'Ask the network for an offer; answers come checked and ranked, and nothing is paid',
    security: TOKEN,
    request: { body: jsonBody(askRequestSchema) },
    responses: answers(askSchema),
  }),
  hire: upTo(
    MAX_INPUT_BYTES,
    slow({
      operationId: 'hire',
      method: 'post',
      path: '/v1/offers/asks/{askId}/orders',
      summary: 'Hire the best answer to an ask, or the next if it does not take the order; answers at once',
      security: TOKEN,
      request: { params: z.object({ askId: askIdSchema }), body: jsonBody(hireRequestSchema) },
      responses: answers(orderSchema),
    }),
  ),
  orders: slow({
    operationId: 'orders',
    method: 'get',
    path: '/v1/offers/orders',
    summary: 'The latest orders of this node',
    security: TOKEN,
    responses: answers(orderListSchema),
  }),
  order: slow({
    operationId: 'order',
    method: 'get',
    path: '/v1/offers/orders/{orderId}',
    summary: 'An order of this node, and what has become of it',
    security: TOKEN,
    request: { params: z.object({ orderId: orderIdSchema }) },
    responses: answers(orderSchema),
  }),
} satisfies Record<string, Endpoint>;
