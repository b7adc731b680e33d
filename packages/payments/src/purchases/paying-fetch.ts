import { createHash } from 'node:crypto';
import { ChorusError, explain } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import {
  decodeRequired,
  decodeSettled,
  OFFER_RECEIPT,
  PAYMENT_HEADER,
  REQUIRED_HEADER,
  RESPONSE_HEADER,
  type Settled,
} from '../wire/headers.ts';
import type { Ending, Paid } from './payer.ts';

/** Sends a request; such as `fetch`. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** Who pays, and what for: at this node, or in this process. */
export interface Purse {
  /** The payment of the same request that was never answered; null if no such payment exists. */
  resume(request: string): Promise<Paid | null>;
  /** @throws ChorusError why the call is not paid */
  pay(required: string, request: string): Promise<Paid>;
  /** Whether another payment of the same call should be tried: the seller has proven where the channel is. */
  ended(id: string, ending: Ending): Promise<boolean>;
}

/** Requests that are paid for if they must be. */
export interface PayingFetch {
  send: Send;
  /** Resolves when the ends of all paid calls are written down. */
  done(): Promise<void>;
}

/** Letters of a header that says where a channel is. */
const MOST_REQUIRED = 8_000;

/** Bytes of an answer 402 that are read to its end. */
const MOST_DRAINED = 64 * 1024;

/** Tries to get the receipt that names the answer, the time between two and for all, ms, and what is read of each. */
const RECEIPT = { tries: 10, pauseMs: 200, allMs: 15_000, mostBytes: 256 * 1024 };

/** Bytes that are read of an answer that is refused. */
const MOST_PROBLEM = 4_096;

/**
 * Pays for requests that are answered with 402, once each. A request that was paid for before and never answered is sent
 * with the same payment.
 * @param receiptUrl where the seller has the last receipt of a payment, by its nonce and the URL that was paid for
 * @param receiptMs longest wait for that receipt
 */
export function payingFetch(
  send: Send,
  purse: Purse,
  receiptUrl: (nonce: string, url: string) => string,
  receiptMs = RECEIPT.allMs,
): PayingFetch {
  const ends: Promise<void>[] = [];
  const answeredBy = (paid: Paid, url: string, response: Response): Response => {
    const ended = Promise.withResolvers<void>();
    ends.push(ended.promise);
    const end = async (output: string | null) => {
      const settled = settledOf(response);
      const first = settled?.extensions?.[OFFER_RECEIPT]?.info.receipt?.signature ?? null;
      const at = receiptUrl(paid.nonce, url);
      const last = output === null ? null : await lastReceipt(send, at, first, receiptMs);
      const told = { transaction: settled?.transaction ?? null, receipt: last ?? first, output };
      await purse
        .ended(paid.id, { state: 'answered', ...told })
        .then(() => ended.resolve())
        .catch(ended.reject);
    };
    return readThrough(response, end, ended.resolve);
  };
  /** What a request with this payment is answered with, or that the seller does not take it. */
  const paidBy = async (
    paid: Paid,
    url: string,
    init: RequestInit,
  ): Promise<Response | { refused: Response }> => {
    const response = await send(url, withPayment(init, paid));
    if (response.status === 402) return { refused: response };
    // Not answered: the payment stays good for this request.
    if (response.status === 409 || response.status >= 429) {
      const says = (await shortText(response, MOST_PROBLEM).catch(() => '')).slice(0, 300);
      if (!says.includes('E_PAYMENT_DONE')) throw notAnswered(response.status, says, paid);
      await purse.ended(paid.id, { state: 'answered', transaction: null, receipt: null, output: null });
      throw alreadyDone(paid);
    }
    return answeredBy(paid, url, response);
  };
  /** Write down that a payment was refused, and what the seller says of its channel. */
  const refusedBy = async (paid: Paid, response: Response): Promise<{ reason: string; again: boolean }> => {
    const reason = await whyOf(response);
    const required = response.headers.get(REQUIRED_HEADER) ?? '';
    const isReadable = required !== '' && required.length <= MOST_REQUIRED;
    const correction = paid.channel !== null && isReadable ? required : undefined;
    return { reason, again: await purse.ended(paid.id, { state: 'refused', reason, required: correction }) };
  };
  return {
    send: async (url, init) => {
      if (init.method !== 'POST' || (typeof init.body !== 'string' && !(init.body instanceof Uint8Array))) {
        return send(url, init);
      }
      const first = await send(url, init);
      if (first.status !== 402) return first;
      let required = first.headers.get(REQUIRED_HEADER);
      await drain(first);
      const request = `sha256:${createHash('sha256').update(init.body).digest('hex')}`;
      const earlier = await purse.resume(request);
      if (earlier) {
        const answer = await paidBy(earlier, url, init);
        if (!('refused' in answer)) return answer;
        // It has expired unused, or was never taken.
        required = answer.refused.headers.get(REQUIRED_HEADER) ?? required;
        await refusedBy(earlier, answer.refused);
      }
      if (required === null) throw noPrice();
      let paid = await purse.pay(required, request);
      let answer = await paidBy(paid, url, init);
      if (!('refused' in answer)) return answer;
      let refused = await refusedBy(paid, answer.refused);
      if (refused.again) {
        paid = await purse.pay(required, request).catch((error) => Promise.reject(noOther(error, paid)));
        answer = await paidBy(paid, url, init);
        if (!('refused' in answer)) return answer;
        refused = await refusedBy(paid, answer.refused);
      }
      const { reason } = refused;
      throw new ChorusError('E_PAYMENT_REFUSED', 'the agent does not take the payment', {
        facts: { says: reason, payment: paid.id },
        hint:
          paid.channel === null
            ? 'the signed payment ends by itself; it counts as spent until then'
            : 'the voucher is replaced by the next one; chorus credits show says how far the channel is',
      });
    },
    done: async () => {
      await Promise.all(ends);
    },
  };
}

function withPayment(init: RequestInit, paid: Paid): RequestInit {
  const headers = new Headers(init.headers);
  headers.set(PAYMENT_HEADER, paid.header);
  return { ...init, headers: Object.fromEntries(headers) };
}

/** Reads the little that is usually there: a stream of Node's that is cancelled while data arrives throws elsewhere. */
async function drain({ body }: Response): Promise<void> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (let bytes = 0; bytes < MOST_DRAINED; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
    }
    await reader.cancel();
  } catch {
    // Its end is of no interest.
  }
}

async function whyOf(response: Response): Promise<string> {
  await drain(response);
  try {
    return (
      decodeRequired(response.headers.get(REQUIRED_HEADER) ?? '').error?.slice(0, 500) ??
      'it does not say why'
    );
  } catch (error) {
    return explain(error).message;
  }
}

function alreadyDone(paid: Paid): ChorusError {
  return new ChorusError(
    'E_PAYMENT_DONE',
    'the agent has answered this call before, and does not have the answer any more',
    {
      facts: { payment: paid.id },
      hint: 'repeat the command to pay for another answer',
    },
  );
}

function notAnswered(status: number, says: string, paid: Paid): ChorusError {
  return new ChorusError('E_PAYMENT_OPEN', 'the call was paid for, and not answered yet', {
    facts: { status, says, payment: paid.id },
    hint: 'repeat the command: the same payment is sent, and nothing is paid twice',
  });
}

/**
 * Why a refused voucher is not replaced. The reason is a fact and no cause: by itself it would say that nothing was signed
 * for this call, and its caller would pay another agent.
 */
const noOther = (error: unknown, paid: Paid) =>
  new ChorusError('E_PAYMENT_REFUSED', 'the agent does not take the voucher, and no other one was signed', {
    facts: { says: explain(error).message, payment: paid.id },
    hint: 'the refused voucher counts as spent: the agent may claim it; chorus credits show says how far the channel is',
  });

const noPrice = () =>
  new ChorusError('E_PAYMENT_OFFER', 'the agent asks for a payment, and does not say how by x402 version 2', {
    hint: 'ask its owner how it is paid',
  });

function settledOf(response: Response): Settled | null {
  try {
    return decodeSettled(response.headers.get(RESPONSE_HEADER) ?? '');
  } catch {
    return null;
  }
}

/**
 * The receipt with the digest of the answer, which the seller signs when the answer has ended; null if it does not come
 * in time. The answer is there already: no buyer waits for a seller that does not end this one.
 */
async function lastReceipt(
  send: Send,
  url: string,
  first: string | null,
  milliseconds: number,
): Promise<string | null> {
  if (first === null) return null;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), milliseconds);
  const isLate = new Promise<null>((resolve) => {
    late.signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  try {
    return await Promise.race([lookForReceipt(send, url, first, late.signal), isLate]);
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}

async function lookForReceipt(
  send: Send,
  url: string,
  first: string,
  signal: AbortSignal,
): Promise<string | null> {
  for (let i = 0; i < RECEIPT.tries && !signal.aborted; i++) {
    try {
      const response = await send(url, { method: 'GET', signal });
      if (response.status !== 200) {
        await drain(response);
        return null;
      }
      const text = await shortText(response, RECEIPT.mostBytes, signal);
      const { receipts } = JSON.parse(text) as { receipts?: unknown };
      const last = Array.isArray(receipts) ? receipts.find((each) => follows(first, each)) : undefined;
      if (last !== undefined) return last as string;
    } catch {
      return null;
    }
    await pause(RECEIPT.pauseMs, signal);
  }
  return null;
}

/** The text of a body, or its beginning: the rest is not read. */
async function shortText({ body }: Response, most: number, signal?: AbortSignal): Promise<string> {
  const reader = body?.getReader();
  if (!reader) return '';
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal?.addEventListener('abort', cancel, { once: true });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (bytes < most) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      bytes += value.length;
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
  if (bytes >= most) cancel();
  return Buffer.concat(chunks).toString('utf8').slice(0, most);
}

/** Whether a receipt is for the same payment, and names the answer. Its signature is checked when it is shown. */
function follows(first: string, receipt: unknown): boolean {
  if (typeof receipt !== 'string' || receipt.length > 8_000) return false;
  const payload = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
  const { transaction, payer, output } = payload(receipt) ?? {};
  const before = payload(first) ?? {};
  return typeof output === 'string' && transaction === before.transaction && payer === before.payer;
}

/**
 * The same response; at its end `end` is called with the digest of its body, or null if its reader had enough before, or
 * `lost` if it broke off.
 */
function readThrough(
  response: Response,
  end: (output: string | null) => Promise<void>,
  lost: () => void,
): Response {
  const hash = createHash('sha256');
  const reader = response.body?.getReader();
  const { status, headers } = response;
  if (!reader) {
    void end(`sha256:${hash.digest('hex')}`);
    return new Response(null, { status, headers });
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          hash.update(value);
          controller.enqueue(value);
          return;
        }
        void end(`sha256:${hash.digest('hex')}`);
        controller.close();
      } catch (error) {
        // The connection broke: the payment stays good for this request.
        lost();
        controller.error(error);
      }
    },
    async cancel(reason) {
      void end(null);
      await reader.cancel(reason);
    },
  });
  return new Response(body, { status, headers });
}
