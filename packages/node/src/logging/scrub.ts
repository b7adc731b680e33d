/** What stands in place of a secret. */
const HIDDEN = '[redacted]';

/** Fields that never reach a log, wherever they occur in what is logged. */
export const SECRET_FIELDS = [
  'password',
  'passphrase',
  'privateKey',
  'mnemonic',
  'secret',
  'authorization',
  'adminToken',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Shorter texts are not taken as secrets: they would be found everywhere. */
const SHORTEST_SECRET = 8;

/**
 * Takes secrets out of lines: the exact ones it was told of, bearer tokens, and the credentials in addresses
 * (user, password, query), where providers of chain access put their keys.
 */
export class Scrubber {
  readonly #secrets = new Map<string, RegExp>();

  /** Never let this text through. A key is known with and without its 0x. */
  add(secret: string): void {
    const bare = secret.replace(/^0x/i, '');
    if (bare.length < SHORTEST_SECRET || this.#secrets.has(bare)) return;
    // Hexadecimal is written in either case; a line is JSON, where quotes and backslashes are escaped.
    const written = JSON.stringify(bare).slice(1, -1);
    this.#secrets.set(bare, new RegExp(written.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'));
  }

  clean(line: string): string {
    let cleaned = line
      .replace(/(\bBearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${HIDDEN}`)
      .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi, `$1${HIDDEN}@`)
      .replace(/([?&](?:api[-_]?key|key|token|secret|auth|password)=)[^\s&"'\\]+/gi, `$1${HIDDEN}`);
    for (const pattern of this.#secrets.values()) cleaned = cleaned.replace(pattern, HIDDEN);
    return cleaned;
  }
}
