/**
 * Keeps the control tokens of a model out of texts that a template is filled with. A template may cut, trim and test
 * its texts, so they cannot be encoded apart from it; instead, a letter that no text has is put into each part of a
 * text that could become a part of a control token, and taken out again when the tokens of the template are found.
 */
export interface Guard {
  /** The text with guards where a control token, or a part of one at its beginning or end, stands. */
  protect(text: string): string;
  /**
   * A value of JSON with all of its texts protected. Its keys are so only if they have a whole control token: templates
   * look for some of them, and a key stands between quotes.
   */
  protectAll(value: unknown): unknown;
  /** The text without guards. */
  remove(text: string): string;
}

/** Code points that Unicode keeps free for a program's own use: "noncharacters". */
const [FIRST, LAST] = [0xfdd0, 0xfdef];

/**
 * @param control names of the control tokens
 * @param texts all texts that will be protected, and the template
 * @returns undefined if the texts have every letter that could be a guard
 */
export function guardFor(control: readonly string[], texts: readonly string[]): Guard | undefined {
  for (let code = FIRST; code <= LAST; code++) {
    const letter = String.fromCharCode(code);
    if (texts.some((text) => text.includes(letter))) continue;
    const protect = (text: string) => inserted(text, letter, places(text, control));
    const protectKey = (key: string) => (control.some((token) => key.includes(token)) ? protect(key) : key);
    const protectAll = (value: unknown): unknown => {
      if (typeof value === 'string') return protect(value);
      if (Array.isArray(value)) return value.map(protectAll);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [protectKey(key), protectAll(each)]),
      );
    };
    return {
      protect,
      protectAll,
      remove: (text) => text.replaceAll(letter, ''),
    };
  }
  return undefined;
}

/** Where guards stand: before these places of the text. */
function places(text: string, control: readonly string[]): Set<number> {
  const found = new Set<number>();
  // A template may take off the space around a text; what is then at its border is checked as well.
  const core = text.trim();
  const start = text.indexOf(core);
  for (const token of control) {
    for (let at = text.indexOf(token); at >= 0; at = text.indexOf(token, at + 1)) found.add(at + 1);
    for (const [part, offset] of [
      [text, 0],
      [core, start],
    ] as const) {
      if (part === '') continue;
      const end = offset + part.length;
      // All of it is within a token: the end is as good a place as any.
      if (token.includes(part)) found.add(end);
      for (let length = 1; length < token.length; length++) {
        if (part.endsWith(token.slice(0, length))) found.add(end);
        if (part.startsWith(token.slice(-length))) found.add(offset);
      }
    }
  }
  return found;
}

function inserted(text: string, letter: string, at: ReadonlySet<number>): string {
  let out = '';
  let from = 0;
  for (const place of [...at].sort((a, b) => a - b)) {
    out += text.slice(from, place) + letter;
    from = place;
  }
  return out + text.slice(from);
}
