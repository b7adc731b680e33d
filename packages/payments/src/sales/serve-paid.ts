import { createHash } from 'node:crypto';
import { PAYMENT_HEADER } from '../wire/headers.ts';
import { PaidCall } from './paid-call.ts';
import { settledHeaders } from './settled-headers.ts';

/** An answer up to this size is kept for a payer that asks again. */
const MOST_KEPT = 64 * 1024;

export interface ServeOptions {
  /** `peer:<peer id>` if the connection has proven it, otherwise `anonymous`. */
  caller: string;
  /** Most bytes of a body; a longer one is refused. */
  maxBodyBytes: number;
  /** How long work that was paid for may wait for its turn after the request has ended, ms. */
  waitMs: number;
}

/**
 * Answer a request of which the work may have to be paid. The work asks for the payment itself, by `PaidCall.charge`,
 * as soon as it knows that the request is valid; what never asks is free.
 */
export async function servePaid(
  request: Request,
  { caller, maxBodyBytes, waitMs }: ServeOptions,
  answer: (request: Request) => Promise<Response>,
): Promise<Response> {
  if (request.method !== 'POST') return answer(request);
  const body = await readBody(request, maxBodyBytes);
  if (body === null) return new Response('the body is too large', { status: 413 });
  const call = new PaidCall({
    header: request.headers.get(PAYMENT_HEADER),
    request: digestOf(body),
    caller,
  });
  const again = new Request(request.url, {
    method: request.method,
    headers: request.headers,
    body: body.slice(),
    signal: request.signal,
  });
  const answered = call.run(() => answer(again));
  // If it loses the race, what it says is of no use.
  answered.catch(() => undefined);
  // What is refused before anything is answered leaves nothing of the work behind.
  const response = await Promise.race([answered, call.refused]).catch(async (error: unknown) => {
    call.giveUp();
    throw error;
  });
  if (!call.sale) return response;
  return withReceipt(call, response, waitMs);
}

/** The digest of a request's body: one payment is for one request. The agent is in the payment. */
function digestOf(body: Uint8Array): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

async function readBody(request: Request, most: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > most) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The same answer, counted as it is read: its digest is in the last receipt. */
function withReceipt(call: PaidCall, response: Response, waitMs: number): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(settledHeaders(call.sale!, call.cashier!.channels)))
    headers.set(name, value);
  const hash = createHash('sha256');
  let kept: Uint8Array[] | null = [];
  let bytes = 0;
  const finish = (whole: boolean) => {
    const output = whole ? `sha256:${hash.digest('hex')}` : null;
    const body = whole && kept ? Buffer.concat(kept) : null;
    const { status } = response;
    void settle(call, output, body, { status, contentType: headers.get('content-type') ?? '' }, waitMs);
  };
  const reader = response.body?.getReader();
  if (!reader) {
    finish(true);
    return new Response(null, { status: response.status, headers });
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          finish(true);
          return;
        }
        hash.update(value);
        bytes += value.length;
        if (bytes > MOST_KEPT) kept = null;
        kept?.push(value);
        controller.enqueue(value);
      } catch (error) {
        finish(false);
        controller.error(error);
      }
    },
    async cancel(reason) {
      finish(false);
      await reader.cancel(reason);
    },
  });
  return new Response(body, { status: response.status, headers });
}

async function settle(
  call: PaidCall,
  output: string | null,
  body: Uint8Array | null,
  head: { status: number; contentType: string },
  waitMs: number,
): Promise<void> {
  const { sale, cashier } = call;
  // Work that waits for its turn when its request ends has this long to begin; then it stays owed.
  const timer = setTimeout(() => call.giveUp(), waitMs).unref();
  await call.ended;
  clearTimeout(timer);
  if (!call.isDone || output === null) return;
  try {
    cashier!.store.keep(
      sale!,
      cashier!.receipt(sale!, output, call.serving),
      body ? { ...head, body } : null,
    );
  } catch {
    // The node is closing: the receipt without the answer's digest stays.
  }
}
