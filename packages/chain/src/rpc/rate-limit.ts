import type { GetUrlResponse } from 'ethers';

/** Longest pause; an endpoint that asks for a day gets a request before that. */
const MAX_PAUSE_MS = 600_000;

/** Pauses if the endpoint does not say how long. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_OWN_PAUSE_MS = 60_000;

/** Maximum length of an answer about a limit: such answers are short. */
const MAX_LIMIT_BYTES = 4_096;

/** JSON-RPC codes by which providers say that there were too many requests (EIP-1474: -32005). */
const LIMIT_CODES = [429, -32005, -32029, -32097];

/**
 * Whether an answer says that there were too many requests, and for how many seconds none should follow; null if it
 * does not say how long. By status (429, and 503 with a `Retry-After`), or by an error of JSON-RPC.
 */
export function limitOf({ statusCode, headers, body }: GetUrlResponse): { seconds: number | null } | null {
  const seconds = retryAfter(headers['retry-after']);
  if (statusCode === 429 || (statusCode === 503 && seconds !== null)) return { seconds };
  if (body === null || body.length > MAX_LIMIT_BYTES) return null;
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return null;
  }
  const [first] = [answer].flat();
  const { code, message } = (first as { error?: { code?: unknown; message?: unknown } } | null)?.error ?? {};
  if (!LIMIT_CODES.includes(Number(code))) return null;
  // The same code is used for a range of events that is too large: the caller requests that one again in parts.
  const isRange =
    /result|range|block|log/i.test(String(message)) && !/rate|request|capacity/i.test(String(message));
  return isRange ? null : { seconds };
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(value: string | undefined): number | null {
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000);
}

/**
 * End of the current pause; if the endpoint names no length, each pause in a row is twice as long as the one before.
 */
export class PauseClock {
  #until = 0;
  #inRow = 0;

  /** Unix milliseconds. */
  get until(): number {
    return this.#until;
  }

  /** @returns milliseconds from now on */
  pause(seconds: number | null): number {
    const own = Math.min(LONGEST_OWN_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#inRow);
    this.#inRow = Math.min(this.#inRow + 1, 16);
    const wait = Math.min(MAX_PAUSE_MS, seconds === null || seconds === 0 ? own : 1000 * seconds);
    this.#until = Math.max(this.#until, Date.now() + wait);
    return this.#until - Date.now();
  }

  /** The pause is over; the next request finds out whether the endpoint has recovered. */
  end(): void {
    this.#until = 0;
  }

  /** The endpoint has recovered. */
  clear(): void {
    this.#until = 0;
    this.#inRow = 0;
  }
}
