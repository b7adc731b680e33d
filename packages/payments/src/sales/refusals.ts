import { ChorusError, errorClass } from '@chorus/protocol';
import { type ChannelCorrection, type Offer, paymentRequired } from '../exact/offer.ts';
import { encodeHeader, REQUIRED_HEADER } from '../wire/headers.ts';

/** Seconds after which a payment that is being settled may be sent again. */
const RETRY_SECONDS = 5;

/** Answer 402: the price, and why what was sent does not pay it. @param correction where the payer's channel is */
export function askPayment(offer: Offer, error: string, correction?: ChannelCorrection): Response {
  const document = paymentRequired(offer, error, correction);
  return Response.json(document, {
    status: 402,
    headers: { [REQUIRED_HEADER]: encodeHeader(document), 'cache-control': 'no-store' },
  });
}

/** A payment that is in order, and cannot be taken now, or not for this. */
export function refusePayment(error: ChorusError): Response {
  const { status = 500 } = errorClass(error.code);
  const { code, message: title, hint } = error;
  const problem = { type: 'about:blank', title, status, code, ...(hint === undefined ? {} : { hint }) };
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(status === 503 || code === 'E_PAYMENT_OPEN' ? { 'retry-after': String(RETRY_SECONDS) } : {}),
    },
  });
}

export const inProgress = () =>
  new ChorusError('E_PAYMENT_OPEN', 'this payment is being taken, or its work is being done', {
    hint: 'wait, then ask again with the same payment: nothing is paid twice',
  });

export const ofAnother = () =>
  new ChorusError('E_PAYMENT_OPEN', 'this payment is for another request', {
    hint: 'repeat the request it was made for, or make another payment',
  });

export const alreadyAnswered = () =>
  new ChorusError('E_PAYMENT_DONE', 'what this payment was for has been done', {
    hint: 'make another payment; with a payment id, answers are kept for a day',
  });

export const notNow = (why: string) =>
  new ChorusError('E_PAYMENT_LATER', `the agent cannot take payments now: ${why}`, {
    hint: 'nothing was paid; ask again later',
  });

export const mayBePaid = () =>
  new ChorusError(
    'E_PAYMENT_LATER',
    'the payment is on its way, and the chain does not say whether it arrived',
    {
      hint: 'ask again with the same payment: nothing is paid twice',
    },
  );
