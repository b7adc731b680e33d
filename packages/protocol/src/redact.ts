/** Replaces a secret in text. */
export const HIDDEN = '[redacted]';

/** Shorter texts are not treated as secrets: they occur everywhere. */
const SHORTEST_SECRET = 8;

/** A short word in an address, such as `v3` or `rpc`; a key is longer. */
const SHORTEST_PATH = 2;

/**
 * Removes secrets from text: those it was given, bearer tokens, and the credentials in addresses (user,
 * password, query), where providers of chain access put their keys. It removes a known secret in every
 * spelling: with or without 0x, in either case, escaped for JSON or for an address, in base64 of basic
 * authorization.
 */
export class Redactor {
  readonly #known = new Set<string>();
  /** Longest first, so that removing one does not leave a part of another. */
  #longestFirst: { text: string; pattern: RegExp; replacement: string }[] = [];

  /** Never let this text through. */
  add(secret: string): void {
    const bare = secret.trim().replace(/^0x/i, '');
    if (bare.length < SHORTEST_SECRET) return;
    for (const written of writingsOf(bare)) this.#take(written);
  }

  /**
   * Never let the credentials of an address through: its user and password, its path, its query and its fragment. The
   * host may be shown.
   */
  addUrl(text: string): void {
    if (!URL.canParse(text)) return;
    const url = new URL(text);
    const [user, password] = [url.username, url.password].map(decoded);
    // Short ones too, if they occur together.
    if (user || password) {
      this.#take(Buffer.from(`${user}:${password}`).toString('base64'));
      for (const pair of [`${user}:${password}@`, `${url.username}:${url.password}@`]) this.#take(pair);
    }
    for (const credential of [user, password]) if (credential) this.add(credential);
    const place = `${url.pathname}${url.search}${url.hash}`;
    if (place.length > SHORTEST_PATH) this.#take(`${url.host}${place}`, `${url.host}/${HIDDEN}`);
    for (const part of url.pathname.split('/')) this.add(part);
    for (const value of url.searchParams.values()) this.add(value);
    this.add(url.hash.slice(1));
  }

  clean(line: string): string {
    let cleaned = line
      .replace(/(\bBearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${HIDDEN}`)
      .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi, `$1${HIDDEN}@`)
      .replace(/([?&](?:api[-_]?key|key|token|secret|auth|password)=)[^\s&"'\\]+/gi, `$1${HIDDEN}`);
    for (const { pattern, replacement } of this.#longestFirst)
      cleaned = cleaned.replace(pattern, replacement);
    return cleaned;
  }

  #take(text: string, replacement = HIDDEN): void {
    if (this.#known.has(text)) return;
    this.#known.add(text);
    // Hexadecimal is written in either case.
    const pattern = new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi');
    this.#longestFirst = [...this.#longestFirst, { text, pattern, replacement }].sort(
      (one, other) => other.text.length - one.text.length,
    );
  }
}

/** The spellings of a text: plain, inside JSON, inside an address. */
function writingsOf(text: string): string[] {
  return [
    ...new Set([text, JSON.stringify(text).slice(1, -1), decoded(text), encodeURIComponent(text)]),
  ].filter((written) => written.length >= SHORTEST_SECRET);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The secrets that this process knows: of its configuration, its keys and its passwords. */
const known = new Redactor();

/** Keep a text out of everything that this process shows, logs or answers. */
export function keepSecret(secret: string): void {
  known.add(secret);
}

/** Keep the secret parts of an address out as well: all but its host. */
export function keepUrlSecret(url: string): void {
  known.addUrl(url);
}

/** A text without the secrets this process knows. */
export function withoutSecrets(text: string): string {
  return known.clean(text);
}
