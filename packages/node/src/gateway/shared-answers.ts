import { ChorusError } from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import type { MiddlewareHandler } from 'hono';
import type { GatewayEnv } from './env.ts';

/** How long an answer is given to others, ms. */
const FRESH_MILLISECONDS = 5_000;
/** Answers that are kept, and characters of the longest one: 16 MB in all. */
const MOST_KEPT = 32;
const MOST_CHARACTERS = 524_288;
/** Answers that are read at the same time. */
const MOST_AT_ONCE = 8;

interface Kept {
  text: string;
  until: number;
}

/** Answers that many ask for and that cost the node something: read once for all who ask within seconds. */
export class SharedAnswers {
  readonly #kept = new BoundedMap<string, Kept>(MOST_KEPT);
  readonly #reading = new Map<string, Promise<string | null>>();

  /**
   * Answers with what is kept, or with what comes next.
   * @param redact applied to each document that comes next with the status 200
   */
  share(redact: (document: object) => object): MiddlewareHandler<GatewayEnv> {
    return async (c, next) => {
      const { pathname, search } = new URL(c.req.url);
      const key = `${pathname}${search}`;
      const kept = this.#kept.get(key);
      const known =
        kept && kept.until > Date.now() ? kept.text : await this.#reading.get(key)?.catch(() => null);
      if (known) return c.body(known, 200, { 'content-type': 'application/json' });
      if (this.#reading.size >= MOST_AT_ONCE) {
        throw new ChorusError('E_GATEWAY_BUSY', 'the explorer answers others', {
          hint: 'try again in a moment',
        });
      }
      const answer = this.#read(key, redact, async () => {
        await next();
        return c.res;
      });
      this.#reading.set(key, answer);
      try {
        const text = await answer;
        if (text === null) return;
        c.res = new Response(text, { status: 200, headers: { 'content-type': 'application/json' } });
      } finally {
        this.#reading.delete(key);
      }
    };
  }

  /** Null if it is no document: a refusal, of which only the one who asked gets to know. */
  async #read(
    key: string,
    redact: (document: object) => object,
    answer: () => Promise<Response>,
  ): Promise<string | null> {
    const response = await answer();
    if (response.status !== 200) return null;
    const text = JSON.stringify(redact((await response.json()) as object));
    if (text.length <= MOST_CHARACTERS) {
      this.#kept.set(key, { text, until: Date.now() + FRESH_MILLISECONDS });
    }
    return text;
  }
}
