import { plainLine } from './plain-text.ts';
import { withoutSecrets } from './redact.ts';

/** Longer library messages contain requests, answers and stacks. */
const LONGEST = 200;

/** What the error codes of the operating system and of Node's own clients mean, in words. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAI_AGAIN: 'names cannot be looked up: the network may be down',
  EBUSY: 'it is in use',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'it exists already',
  EHOSTUNREACH: 'there is no route to the host',
  EIO: 'the device failed',
  EISDIR: 'it is a folder',
  ELOOP: 'too many links lead to each other',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ENETUNREACH: 'there is no network',
  ENOENT: 'no such file or folder',
  ENOSPC: 'no space is left on the disk',
  ENOTDIR: 'a part of the path is not a folder',
  ENOTEMPTY: 'the folder is not empty',
  ENOTFOUND: 'the host name is unknown',
  EPERM: 'no permission',
  EPIPE: 'the reader is gone',
  EPROTO: 'it does not speak TLS',
  EROFS: 'the file system is read-only',
  ETIMEDOUT: 'no answer in time',
  EXDEV: 'it is on another file system',
  ERR_INVALID_URL: 'it is not an address',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted here',
};

/** A fault that a schema found, as zod reports it. */
interface Issue {
  code?: string;
  message?: string;
  path?: readonly PropertyKey[];
  expected?: string;
  keys?: readonly string[];
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a section',
  record: 'a section',
  string: 'a text',
};

/**
 * A fault that a schema found, as a sentence without the validator's own terms.
 * @example faultOf(error.issues[0]) // 'must be a number'
 */
export function faultOf(issue: Issue | undefined): string {
  if (!issue) return 'it is not as it must be';
  if (issue.code === 'invalid_type' && issue.expected) {
    return `must be ${KINDS[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'unrecognized_keys') return 'there is no such value';
  const message = plainLine(
    (issue.message ?? '')
      .replace(/^Invalid discriminator value\. Expected /, 'expected one of ')
      .replace(/^Invalid (input|option|string):? ?/, '')
      .trim(),
  );
  const [, least] = /^Too (?:small|big): expected .* (?:to be|to have) (.+)$/.exec(message) ?? [];
  if (least) return `must be ${least.replace(/([<>]=?)(?=\d)/, '$1 ')}`;
  const [, options] = /^expected one of (.+)$/.exec(message) ?? [];
  if (options) return `must be one of ${options.replace(/["']/g, '').replace(/ ?\| ?/g, ', ')}`;
  const [, format] = /^expected (.+)$/.exec(message) ?? [];
  return format ? `must be ${format.replaceAll('"', '')}` : message || 'is wrong';
}

/**
 * One line that says why something failed, for any error: never a library's message unchanged if that is a
 * stack, a dump of a validator, or a request with its address, and never a secret that this process knows.
 */
export function reasonOf(error: unknown): string {
  return withoutSecrets(plainLine(wordsOf(error)));
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return short(String(error));
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  const { code, path, shortMessage, issues } = error as {
    code?: unknown;
    path?: unknown;
    shortMessage?: unknown;
    issues?: unknown;
  };
  if (Array.isArray(issues)) {
    const issue = issues[0] as Issue | undefined;
    const where = [...(issue?.path ?? []), ...(issue?.keys ?? []).slice(0, 1)].map(String).join('.');
    return where ? `${where}: ${faultOf(issue)}` : faultOf(issue);
  }
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time';
  const meaning = typeof code === 'string' ? MEANINGS[code] : undefined;
  if (meaning) return typeof path === 'string' && path !== '' ? `${meaning}: ${path}` : meaning;
  // It quotes the text, of which a part may be secret.
  if (error instanceof SyntaxError && /\bJSON\b/.test(error.message)) return 'it is not JSON';
  // ethers appends the request, with its address, after this.
  if (typeof shortMessage === 'string') return short(shortMessage);
  // Node's `fetch failed` gives no reason; its cause does.
  if (error.message === 'fetch failed' && error.cause instanceof Error) return wordsOf(error.cause);
  return short(error.message || error.name);
}

function short(message: string): string {
  // Remove secrets before cutting: a part of a secret is secret as well.
  const line = withoutSecrets(message).split('\n', 1)[0]!.trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line;
}
