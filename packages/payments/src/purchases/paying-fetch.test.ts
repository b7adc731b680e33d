import { ChorusError, isUnpaid } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { encodeHeader } from '../wire/headers.ts';
import type { Ending, Paid } from './payer.ts';
import { type Purse, payingFetch, type Send } from './paying-fetch.ts';

const jws = (payload: object) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.AA`;
const paid: Paid = {
  ...{ id: 'pay_1', header: 'x', amount: 3n, nonce: '0x1', channel: null },
  token: `0x${'ab'.repeat(20)}`,
};

/** A purse that pays everything, and remembers how payments ended. */
function purse(): Purse & { ends: Ending[] } {
  const ends: Ending[] = [];
  return {
    ends,
    resume: async () => null,
    pay: async () => paid,
    ended: async (_, ending) => {
      ends.push(ending);
      return false;
    },
  };
}

/** A body that never ends. */
const endless = (text: string) =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(Buffer.from(text)) });

/** A seller that is paid, answers with this, and has receipts like that. */
const seller =
  (answer: () => Response, receipts: () => Response): Send =>
  async (_, { method, headers }) => {
    if (method === 'GET') return receipts();
    if ((headers as Record<string, string> | undefined)?.['payment-signature']) return answer();
    return new Response('', { status: 402, headers: { 'payment-required': 'x' } });
  };

const answered = () => {
  const receipt = { format: 'jws', signature: jws({ transaction: '0x1', payer: '0x2' }) };
  const extensions = { 'offer-receipt': { info: { receipt } } };
  const settled = { success: true, transaction: '0x1', extensions };
  return new Response('answer', { headers: { 'payment-response': encodeHeader(settled) } });
};

describe('a seller that was paid', () => {
  it.each<[string, () => Response]>([
    ['never ends its receipts', () => new Response(endless('{"receipts":['))],
    ['has no more than a word for a receipt', () => new Response('no')],
  ])('and %s does not hold its buyer: the answer counts, with the first receipt', async (_, receipts) => {
    const own = purse();
    const { send, done } = payingFetch(seller(answered, receipts), own, () => 'r', 30);
    const response = await send('a', { method: 'POST', body: 'hi' });
    expect(await response.text()).toBe('answer');
    await done();
    expect(own.ends).toMatchObject([{ state: 'answered', transaction: '0x1', receipt: expect.any(String) }]);
  });

  it('and refuses it is not followed by another agent, also if no second voucher is signed', async () => {
    let signed = 0;
    const own: Purse = {
      resume: async () => null,
      pay: async () => {
        if (++signed > 1) throw new ChorusError('E_PAYMENT_CAP', 'more than a day may cost');
        return { ...paid, channel: '0xc' };
      },
      ended: async () => true,
    };
    const refusal = () => new Response('', { status: 402, headers: { 'payment-required': 'x' } });
    const { send } = payingFetch(
      seller(refusal, () => new Response('')),
      own,
      () => 'r',
    );
    const failed = await send('a', { method: 'POST', body: 'hi' }).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(failed).toMatchObject({ code: 'E_PAYMENT_REFUSED', facts: { says: 'more than a day may cost' } });
    expect(isUnpaid(failed)).toBe(false);
    expect(signed).toBe(2);
  });

  it('and refuses at endless length is read to a bound', async () => {
    const refusal = () => new Response(endless('x'.repeat(5_000)), { status: 503 });
    const { send } = payingFetch(
      seller(refusal, () => new Response('')),
      purse(),
      () => 'r',
    );
    await expect(send('a', { method: 'POST', body: 'hi' })).rejects.toMatchObject({
      code: 'E_PAYMENT_OPEN',
      facts: { says: 'x'.repeat(300) },
    });
  });
});
