import { randomNumbers } from '../tiny/random-numbers.ts';
import { byteLetters } from '../tokenizer/byte-letters.ts';

/**
 * Letters whose kinds decide how a text is split: letters of several scripts and cases, marks, digits and other numbers,
 * all kinds of spaces, signs, parts of contractions, letters of no kind.
 */
const LETTERS = Array.from(
  "'sStTrReEvVmMlLdDaZ09 \t\n\r.-_/$<|" +
    '\v\f\x1c\x85\xa0\u1680\u2003\u2028\u202f\u3000\ufeff\u200b\u200d' +
    '\xb2\xbd\u2167\u0663\u{1d7d8}' +
    '\xe9\xc9\xdf\u017f\u212a\u01c5\u02b0\u4e2d\u3042\uac00\u0627\u05d0\u{10400}' +
    '\u0301\u093e\u20e3\ufe0f\u2019\u20ac\u3002\u{1f600}\u{1f3fd}\ue000\u0378\ufffd',
);

/** ASCII that stands around other letters in {@link surroundedLetters}. */
const AROUND = Array.from('a1. \n');

/** How a text is written in letters of bytes. */
function inByteLetters(text: string): string {
  const letters = byteLetters();
  return Array.from(new TextEncoder().encode(text), (byte) => letters[byte]!).join('');
}

/**
 * Pairs of a vocabulary that shows where words end: any two of the letters are joined, and ASCII with the first and last
 * bytes of all others. So two ways of splitting give other tokens on most texts.
 */
export function trickyMerges(): string[] {
  const merges = new Set<string>();
  const written = LETTERS.map(inByteLetters);
  for (const letter of written) {
    for (let at = 1; at < letter.length; at++) merges.add(`${letter.slice(0, at)} ${letter[at]}`);
  }
  const pairs = written.flatMap((left) => written.map((right) => `${left} ${right}`));
  const letters = byteLetters();
  for (const ascii of AROUND.map(inByteLetters)) {
    for (let byte = 0xc2; byte <= 0xf4; byte++) pairs.push(`${ascii} ${letters[byte]}`);
    for (let byte = 0x80; byte <= 0xbf; byte++) pairs.push(`${letters[byte]} ${ascii}`);
  }
  // An order without a system, so that pairs of neighbours compete.
  const next = randomNumbers(11);
  const order = pairs.map((pair) => ({ pair, at: next() })).sort((a, b) => a.at - b.at);
  for (const { pair } of order) merges.add(pair);
  return [...merges];
}

/** Words that are tokens although no pairs give them. */
export function wholeWords(): string[] {
  const parts = Array.from('strelmva ');
  const three = parts.flatMap((a) => parts.flatMap((b) => parts.map((c) => a + b + c)));
  return [...three, '000', '909', '\u4e2d\u3042\uac00'].map(inByteLetters);
}

/** Random texts of the letters; equal seeds give equal texts. */
export function randomTexts(seed: number, count: number): string[] {
  const next = randomNumbers(seed);
  const one = (): string => LETTERS[Math.floor(next() * LETTERS.length)]!;
  return Array.from({ length: count }, () => {
    const length = 1 + Math.floor(next() * 40);
    // Few letters, so that runs of one kind occur; or all of them.
    const few = Array.from({ length: 2 + Math.floor(next() * 6) }, one);
    const isFew = next() < 0.5;
    return Array.from({ length }, () => (isFew ? few[Math.floor(next() * few.length)]! : one())).join('');
  });
}

/** Texts that have each letter from a code point to another one between ASCII of all kinds, many in each text. */
export function surroundedLetters(first: number, last: number): string[] {
  const texts: string[] = [];
  let text = '';
  for (let code = first; code <= last; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const letter = String.fromCodePoint(code);
    text += `a${letter}a1${letter}1.${letter}.  ${letter} ${letter}\n${letter}\n`;
    if (code % 128 === 127 || code === last) {
      texts.push(text);
      text = '';
    }
  }
  return texts;
}

/** Texts as people write them, and as they attack. */
export const WRITTEN = [
  'Hello, world!',
  "I'm sure they'll say it's what we've DON'T'VE 'S'T'RE 'LL'M'D o'clock ''s 'x",
  'In 2024 we paid 1,234.50 \u20ac for 17\xbd gl\xfchwein\u2026 1234567890 \u0661\u0662\u0663\u0664 \u2167\u2168 x\xb2\xb3',
  '  two spaces,\n\n\ttabs \t \r\n\r\n   and\ttrailing   ',
  'line one\nline two\r\nline three\n\n\n   \n  end\n',
  '\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3002\u4e2d\u6587\uff0c\u6807\u70b9\uff01\ud55c\uad6d\uc5b4 \ubb38\uc7a5',
  '\u{1f40c}\u{1f469}\u200d\u{1f52c}\u{1f1e8}\u{1f1ed} \u{1f44d}\u{1f3fd}!! \u2764\ufe0f',
  'e\u0301 \u0915\u093f\u0924\u093e\u092c \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd \u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627',
  'z\u0351\u036b\u0343\u036a\u0302a\u0321\u034algo \u0301 \u0301\u0301',
  '\u039a\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1 \u041f\u0440\u0438\u0432\u0435\u0442 \xc9COLE \xe9t\xc9 \u01c5ungla stra\xdfe \u017fchwarz',
  'a\xa0b\u2003c\u3000d\u2028e\x85f\ufeffg\u200bh\u1680i',
  '\xa0\xa0x \u3000\u3000\n\u3000 y',
  'fn main() {\n    println!("{:?}", x);\n\t// \u00bb done\n}\n\n\n',
  'https://example.org/a_b-c?d=1&e=%20#f <div class="x">y</div> $100 <= ^~` |',
  '<|im_end|><|eot_id|></s>[INST]<think>',
  'a <think> b</think>\n<thi<think>nk></think <<think>>',
  'snake_case camelCase SHOUT ABCdef aBC XMLHttpRequest',
  '------====____....!!!!????',
  ' a  b   c    d     e',
  ' \n \n\n \t\n  x',
  '1 12 123 1234 12345 1a2b3c 3.14159 1/2',
  "'",
  "''''sss'S'\u017f'\u212a",
  ' ',
  '   ',
  '\n',
  '\t\t\n\n',
  '\0\x01\x1b[0m\x7f',
  '\ue000\uf8ff\u{10ffff}\u0378\ufdd0',
  'x'.repeat(300),
  ' '.repeat(300),
  '\n \n'.repeat(60),
  '9'.repeat(200),
  '\u0301'.repeat(100),
  "'s".repeat(80),
  '!\n'.repeat(60),
] as const;
