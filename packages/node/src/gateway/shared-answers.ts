import { inBackground } from '@chorus/chain';
import { ChorusError } from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import { RateLimiter } from '@libp2p/utils';
import type { Context, MiddlewareHandler } from 'hono';
import type { GatewayEnv } from './env.ts';

/** How long an answer is given to others, ms. */
const FRESH_MILLISECONDS = 5_000;
/** Answers that are kept, and characters of the longest one: 16 MB in all. */
const MOST_KEPT = 32;
const MOST_CHARACTERS = 524_288;
/** Answers that are read at the same time, and within a minute, for everyone together: each may ask the chain. */
const MOST_AT_ONCE = 8;
/** Of one kind at the same time: some wait for peers that do not answer, and must not keep others from being read. */
const MOST_OF_KIND = 3;
const MOST_A_MINUTE = 240;

interface Answer {
  status: number;
  text: string;
}

interface Kept extends Answer {
  until: number;
}

export interface Shared {
  /** What is read. */
  kind: string;
  /** Parameters of the query that the answer depends on: others are no reason to read it again. */
  parameters: readonly string[];
  /** Applied to each document with the status 200. */
  redact: (document: object) => object;
}

/** Answers that many ask for and that cost the node something: read once for all who ask within seconds. */
export class SharedAnswers {
  readonly #kept = new BoundedMap<string, Kept>(MOST_KEPT);
  readonly #reading = new Map<string, { kind: string; answer: Promise<Answer> }>();
  readonly #rate = new RateLimiter({ points: MOST_A_MINUTE, duration: 60 });

  /** Answers with what is kept, with what is being read, or with what comes next. */
  share({ kind, parameters, redact }: Shared): MiddlewareHandler<GatewayEnv> {
    return async (c, next) => {
      // A request for the head alone is handled as one to get, and refused as what it is.
      if (c.req.method !== 'GET') return next();
      const key = keyOf(c, parameters);
      const kept = this.#kept.get(key);
      if (kept && kept.until > Date.now()) return responseOf(kept);
      // From here to the mark nothing waits: of a thousand at once, one reads.
      let reading = this.#reading.get(key);
      if (!reading) {
        if (!this.#admits(kind)) {
          throw new ChorusError('E_GATEWAY_BUSY', 'the explorer answers others', {
            hint: 'try again in a moment',
          });
        }
        const answer = this.#read(key, redact, async () => {
          await inBackground(next);
          return c.res;
        }).finally(() => this.#reading.delete(key));
        reading = { kind, answer };
        this.#reading.set(key, reading);
      }
      // Headers that were set before, such as those for pages of other origins, stay.
      c.res = responseOf(await reading.answer);
    };
  }

  /** Whether one more answer of a kind may be read; it is counted then. */
  #admits(kind: string): boolean {
    const ofKind = [...this.#reading.values()].filter((reading) => reading.kind === kind).length;
    if (this.#reading.size >= MOST_AT_ONCE || ofKind >= MOST_OF_KIND) return false;
    try {
      this.#rate.consume('all');
      return true;
    } catch {
      return false;
    }
  }

  /** What is refused is refused to all who wait for it, and asked again by those who come later. */
  async #read(
    key: string,
    redact: (document: object) => object,
    read: () => Promise<Response>,
  ): Promise<Answer> {
    const response = await read();
    const { status } = response;
    if (status !== 200) return { status, text: JSON.stringify(await problemIn(response)) };
    const text = JSON.stringify(redact((await response.json()) as object));
    if (text.length <= MOST_CHARACTERS) {
      this.#kept.set(key, { status, text, until: Date.now() + FRESH_MILLISECONDS });
    }
    return { status, text };
  }
}

/** One key for all ways to write a path and its query. */
function keyOf({ req }: Context, parameters: readonly string[]): string {
  return JSON.stringify([req.path, ...parameters.map((name) => req.queries(name) ?? null)]);
}

const responseOf = ({ status, text }: Answer): Response =>
  new Response(text, {
    status,
    headers: { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' },
  });

/** What happened, and not what the owner would read: facts and hints are about the node, its chain and its files. */
async function problemIn(response: Response): Promise<object> {
  const { status } = response;
  const { code, title } = (await response.json().catch(() => ({}))) as { code?: unknown; title?: unknown };
  return {
    type: 'about:blank',
    title: typeof title === 'string' ? title : 'the explorer does not understand this request',
    status,
    code: typeof code === 'string' ? code : 'E_ADMIN_BAD_REQUEST',
  };
}
