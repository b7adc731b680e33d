import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { ChorusError } from '@chorus/protocol';
import type { AdminConfig } from '../config/admin-config.ts';

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** True for a loopback address. */
export function isLoopback(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/^::ffff:/i, '');
  return bare === '::1' || bare === 'localhost' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

/**
 * Refuses requests that a web page made a browser send. A page whose name was pointed at 127.0.0.1 (DNS rebinding)
 * is recognised by the Host header, which carries that name; any other page by its Origin.
 */
export class BrowserGuard {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ host, allowedHosts, allowedOrigins }: AdminConfig) {
    const own = isIP(host) === 6 ? `[${host}]` : host;
    // A wildcard is not a name that a client can request.
    const listening = ['0.0.0.0', '[::]'].includes(own) ? [] : [own];
    this.#hosts = new Set([...LOOPBACK_NAMES, ...listening, ...allowedHosts].map((h) => h.toLowerCase()));
    this.#origins = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
  }

  /** @throws ChorusError `E_ADMIN_HOST` */
  checkHost(host: string | undefined): void {
    const name = host?.toLowerCase().replace(/:\d{1,5}$/, '');
    if (name !== undefined && this.#hosts.has(name)) return;
    throw new ChorusError('E_ADMIN_HOST', 'the Host header names another host', {
      hint: 'use 127.0.0.1, or add the name to admin.allowedHosts',
    });
  }

  /**
   * Whether the page may read the answer: only if its origin is configured. Requests without an origin come from
   * programs.
   * @throws ChorusError `E_ADMIN_ORIGIN`
   */
  checkOrigin(origin: string | undefined, host: string): string | null {
    if (origin === undefined || origin === `http://${host}`) return null;
    if (this.#origins.has(origin)) return origin;
    throw new ChorusError('E_ADMIN_ORIGIN', 'pages of this origin may not use the node', {
      hint: 'add the origin to admin.allowedOrigins if the page is yours',
    });
  }
}

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
