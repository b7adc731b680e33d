/**
 * For `JSON.stringify`: integers of any size become decimal strings, as amounts and ids are in every Chorus
 * document.
 *
 * @example
 * JSON.stringify({ budget: 10n ** 21n }, bigintAsText);
 */
export function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** What a text of a stranger, or of a model, says as JSON; undefined if it is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
