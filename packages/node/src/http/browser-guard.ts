import { isIP } from 'node:net';
import { ChorusError, type ErrorCode } from '@chorus/protocol';

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

export interface BrowserGuardOptions {
  /** The address that is listened on. */
  host: string;
  /** Names, in addition to those of loopback, that requests may use. */
  allowedHosts: readonly string[];
  /** Origins of web pages that may call. */
  allowedOrigins: readonly string[];
  /** The section of the configuration to name in a hint, and the codes of refusals. */
  section: string;
  codes: { host: ErrorCode; origin: ErrorCode };
}

/**
 * Refuses requests that a web page made a browser send. A page whose name was pointed at 127.0.0.1 (DNS rebinding)
 * is recognised by the Host header, which carries that name; any other page by its Origin.
 */
export class BrowserGuard {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #options: Pick<BrowserGuardOptions, 'section' | 'codes'>;

  constructor({ host, allowedHosts, allowedOrigins, ...options }: BrowserGuardOptions) {
    const own = isIP(host) === 6 ? `[${host}]` : host;
    // A wildcard is not a name that a client can request.
    const listening = ['0.0.0.0', '[::]'].includes(own) ? [] : [own];
    this.#hosts = new Set([...LOOPBACK_NAMES, ...listening, ...allowedHosts].map((h) => h.toLowerCase()));
    this.#origins = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
    this.#options = options;
  }

  /** @throws ChorusError with the code for hosts */
  checkHost(host: string | undefined): void {
    const name = host?.toLowerCase().replace(/:\d{1,5}$/, '');
    if (name !== undefined && this.#hosts.has(name)) return;
    const { codes, section } = this.#options;
    throw new ChorusError(codes.host, 'the Host header names another host', {
      hint: `use 127.0.0.1, or add the name to ${section}.allowedHosts`,
    });
  }

  /**
   * Whether the page may read the answer: only if its origin is configured. Requests without an origin come from
   * programs.
   * @throws ChorusError with the code for origins
   */
  checkOrigin(origin: string | undefined, host: string): string | null {
    if (origin === undefined || origin === `http://${host}`) return null;
    if (this.#origins.has(origin)) return origin;
    const { codes, section } = this.#options;
    throw new ChorusError(codes.origin, 'pages of this origin may not use the node', {
      hint: `add the origin to ${section}.allowedOrigins if the page is yours`,
    });
  }
}
