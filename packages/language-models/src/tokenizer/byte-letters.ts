/**
 * The letters that byte-level vocabularies write bytes with (GPT-2, `bytes_to_unicode` of its encoder.py): bytes that
 * print are themselves, the others the letters from U+0100 on, in order. A space is written as U+0120, `Ġ`.
 *
 * @returns 256 letters, each one UTF-16 unit
 */
export function byteLetters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const prints = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(prints ? byte : next++);
  });
}
