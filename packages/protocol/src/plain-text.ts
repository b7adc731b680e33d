/**
 * Characters that steer a terminal or change how the text around them is read, as the inside of a character
 * class behind a look-ahead (flag `u`): control characters (Cc), format characters (Cf: marks and overrides
 * of direction, zero-width spaces, tags, the byte order mark), separators of lines and paragraphs. The two
 * joiners (U+200C, U+200D) stay: Persian, Hindi and many emoji are written with them, and they reverse no
 * text.
 */
export const STEERING = '(?![\\u200c\\u200d])[\\p{Cc}\\p{Cf}\\u2028\\u2029]';

const steering = new RegExp(STEERING, 'gu');

/** Whether a text is one line that has no effect on a terminal but to be shown. */
export function isPlainLine(text: string): boolean {
  return text.search(steering) < 0;
}

/**
 * Text that may hold a stranger's words, as one line that has no effect on a terminal but to be shown. Words
 * of peers, the chain's answers and errors about them all end up in sentences: none may begin a line of its
 * own, move the cursor or colour the text that follows.
 */
export function plainLine(text: string): string {
  return text.replace(steering, (character) =>
    /\s/.test(character) && character !== '\ufeff' ? ' ' : '\ufffd',
  );
}

/**
 * The same JSON document without such characters: in strings they become escapes, which mean the same. JSON
 * itself escapes only those below U+0020. Line feeds between its parts stay.
 */
export function plainJson(json: string): string {
  return json.replace(steering, (character) =>
    /[\t\r\n]/.test(character)
      ? character
      : [...Array(character.length).keys()]
          .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}
