/**
 * For `JSON.stringify`: integers of any size are decimal strings, as amounts and ids are in every document of ours.
 *
 * @example
 * JSON.stringify({ budget: 10n ** 21n }, bigintAsText);
 */
export function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
