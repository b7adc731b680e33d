import type { ModelToken } from '@chorus/protocol';

/**
 * A token as a text of its own: of a control token its name, of bytes that are no whole letters `bytes:` and the bytes,
 * as the API writes them.
 */
export function tokenText({ bytes, name }: ModelToken): string {
  if (name !== null) return name;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `bytes:${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
  }
}
