/** Control characters, line and paragraph separators, and what turns the direction of text. */
const STEERING = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Text that may hold a stranger's words, in one line that does nothing to a terminal but stand there. Peers, the
 * chain's answers and errors about them all end up in sentences: none may begin a line of its own, move the cursor or
 * colour what follows.
 */
export function plainLine(text: string): string {
  return text.replace(STEERING, (character) => (/\s/.test(character) ? ' ' : '\ufffd'));
}
