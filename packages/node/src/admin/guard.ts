import { createHash, timingSafeEqual } from 'node:crypto';

/** Checks bearer tokens in a time that does not depend on what is wrong with them. */
export class TokenGuard {
  readonly #expected: Buffer;

  constructor(token: string) {
    this.#expected = sha256(token);
  }

  /** Whether an Authorization header carries the token. */
  accepts(authorization: string | undefined): boolean {
    const given = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(authorization ?? '')?.[1] ?? '';
    return timingSafeEqual(sha256(given), this.#expected);
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
