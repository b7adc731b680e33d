import type { GetUrlResponse } from 'ethers';

/** Longest pause that is made; an endpoint that asks for a day is asked again before. */
const MAX_PAUSE_MS = 600_000;

/** Pauses where the endpoint does not say how long. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_OWN_PAUSE_MS = 60_000;

/** An answer that tells of a limit is short. */
const MAX_LIMIT_BYTES = 4_096;

/** JSON-RPC codes by which providers say that there were too many requests (EIP-1474: -32005). */
const LIMIT_CODES = [429, -32005, -32029, -32097];

/**
 * Whether an answer says that there were too many requests, and for how many seconds none should follow; null where it
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
  // The same code is used for a range of events that is too large: that one is asked for again in parts.
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

/** Until when nothing is asked; where nobody says how long, each pause in a row is twice as long as the one before. */
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

  /** The pause is over; whether the endpoint is well, the next request finds out. */
  end(): void {
    this.#until = 0;
  }

  /** The endpoint is well again. */
  clear(): void {
    this.#until = 0;
    this.#inRow = 0;
  }
}
