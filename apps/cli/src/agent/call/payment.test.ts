import type { EndPaymentRequest } from '@chorus/admin-api';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { OpenPayments } from '../open-payments.ts';
import { callPayment } from './payment.ts';

/** The wallet of a node: one payment, open until its end is recorded. */
let ended: EndPaymentRequest[];
let signed: number;
vi.mock('../open-payments.ts', () => ({
  openPayments: async (): Promise<OpenPayments> => {
    const payment = {
      ...{ id: 'pay_1', header: 'a payment', nonce: '0x1', token: `0x${'ab'.repeat(20)}` },
      ...{ symbol: 'CHOR', decimals: 0, amount: '3', channel: null },
    };
    return {
      payments: {
        list: async () => ({ payments: [] }),
        resume: async () => ({ payment: signed > 0 && ended.length === 0 ? payment : null }),
        pay: async () => {
          signed++;
          return payment;
        },
        end: async (_, ending) => {
          ended.push(ending);
          return false;
        },
        credits: {} as OpenPayments['payments']['credits'],
      },
      close: async () => undefined,
    };
  },
}));
beforeEach(() => {
  ended = [];
  signed = 0;
});

/** One command: the agent is called, paid, and what it answers is read. */
async function command(isOwed: boolean): Promise<{ isOver: boolean }> {
  const message = { from: 'caller' as const, text: 'hello', files: [], data: [] };
  const question = { at: 'https://agent.example/', message, context: undefined, task: undefined };
  const payment = await callPayment({ pay: '3 CHOR' }, question);
  const send = payment.through(
    async (_, { headers }) =>
      (headers as Record<string, string> | undefined)?.['payment-signature'] === undefined
        ? new Response('', { status: 402, headers: { 'payment-required': 'x' } })
        : new Response('the task'),
    {} as Parameters<typeof payment.through>[1],
  );
  await (await send('https://agent.example/a2a', { method: 'POST', body: '{}' })).text();
  await payment.close(isOwed);
  return { isOver: payment.isOver() };
}

describe('a call that was paid for', () => {
  it('is over when it was answered', async () => {
    expect(await command(false)).toEqual({ isOver: true });
    expect({ signed, ended }).toMatchObject({ signed: 1, ended: [{ state: 'answered' }] });
  });

  it('and that the agent failed at is asked again with the same payment, and not paid again', async () => {
    expect(await command(true)).toEqual({ isOver: false });
    expect({ signed, ended }).toEqual({ signed: 1, ended: [] });
    expect(await command(false)).toEqual({ isOver: true });
    expect({ signed, ended }).toMatchObject({ signed: 1, ended: [{ state: 'answered' }] });
  });
});
