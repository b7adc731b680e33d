import { z } from 'zod';
import {
  endedPaymentSchema,
  endPaymentRequestSchema,
  paidSchema,
  paymentIdSchema,
  paymentListSchema,
  paymentsQuerySchema,
  payRequestSchema,
  resumedPaymentSchema,
  resumePaymentRequestSchema,
} from '../documents/payments.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN } from './endpoint.ts';

/** Paths have a part more than those of agents, whose names they would be. */
export const paymentEndpoints = {
  payments: slow({
    operationId: 'payments',
    method: 'get',
    path: '/v1/agents/payments/list',
    summary: 'What agents of this node were paid, and what this node has paid to others, checked',
    security: TOKEN,
    request: { query: paymentsQuerySchema },
    responses: answers(paymentListSchema),
  }),
  resumePayment: {
    operationId: 'resumePayment',
    method: 'post',
    path: '/v1/agents/payments/resume',
    summary: 'The payment of a request that was paid for, and not answered',
    security: TOKEN,
    request: { body: jsonBody(resumePaymentRequestSchema) },
    responses: answers(resumedPaymentSchema),
  },
  pay: slow({
    operationId: 'pay',
    method: 'post',
    path: '/v1/agents/payments/pay',
    summary: "Sign a payment for a call of another's agent, within the owner's limits; nothing is sent",
    security: TOKEN,
    request: { body: jsonBody(payRequestSchema) },
    responses: answers(paidSchema),
  }),
  endPayment: {
    operationId: 'endPayment',
    method: 'post',
    path: '/v1/agents/payments/{id}/end',
    summary: 'Record how a call that was paid for has ended',
    security: TOKEN,
    request: { params: z.object({ id: paymentIdSchema }), body: jsonBody(endPaymentRequestSchema) },
    responses: answers(endedPaymentSchema),
  },
} satisfies Record<string, Endpoint>;
