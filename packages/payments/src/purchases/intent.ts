import { createHash } from 'node:crypto';

/** What is sent to the seller. */
interface Content {
  text: string;
  /** JSON values. */
  data: readonly unknown[];
  files: readonly { name: string | null; mediaType: string; bytes: Uint8Array }[];
}

/**
 * What a user wants of a seller, as one digest: the same when it is asked for again, so that it is not paid twice.
 * @param about what else makes two requests different, such as their conversation
 */
export function intentOf(
  seller: string,
  { text, data, files }: Content,
  about: readonly (string | null)[],
): string {
  const digests = files.map(({ name, mediaType, bytes }) => [name, mediaType, sha256(bytes)]);
  return sha256(JSON.stringify([seller, text, data, digests, ...about]));
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
