import type { Check } from '@chorus/inspector';
import type { G1Point } from '@chorus/protocol';
import { counted, exactAmount } from '@chorus/protocol';
import Table from 'cli-table3';
import colors from 'yoctocolors';

export { fields, print, printJson } from './print.ts';

/** A table in the house style; `lines` draws lines between the rows, for rows of several lines. */
export function table(
  head: string[],
  rows: (string | number)[][],
  options: { right?: number[]; widths?: (number | null)[]; lines?: boolean } = {},
): string {
  const t = new Table({
    head,
    style: { head: ['cyan'] },
    colAligns: head.map((_, i) => (options.right?.includes(i) ? 'right' : 'left')),
    ...(options.widths ? { colWidths: options.widths, wordWrap: true } : {}),
  });
  t.push(...rows);
  const lines = t.toString().split('\n');
  const belowHead = lines.findIndex((line) => line.includes('├'));
  return lines.filter((line, i) => options.lines || i === belowHead || !line.includes('├')).join('\n');
}

export const percent = (part: number, whole: number, digits = 2): string =>
  `${((100 * part) / whole).toFixed(digits)} %`;

export const integer = (value: number | bigint): string => value.toLocaleString('en');

/** An amount to four decimals, as figures below each other want; smallest units while the token's decimals are not known. */
export const roundedTokens = (amount: bigint, decimals: number | null): string =>
  decimals === null ? `${amount} units` : Number(exactAmount(amount, decimals)).toFixed(4);

/** A field element as 32 bytes of hex. */
export const scalar = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;

export const point = ({ x, y }: G1Point): { x: string; y: string } => ({ x: scalar(x), y: scalar(y) });

/** What each check verifies, in words; @chorus/proof names the checks of the proof itself. */
const CHECK_TEXTS: Readonly<Record<string, string>> = {
  keys: "the chain's verifier holds this circuit key and a suitable reference string",
  record: 'the chain recorded what the aggregator sent',
  file: 'the file is well-formed',
  'reference string': 'the reference string is the trusted one, and its points are in their groups',
  statement: 'ids, sizes, weights, shares and commitments are in range',
  'field elements': 'every scalar of the proof is canonical, below p',
  points: 'every point of the proof is canonical, and on its curve',
  challenge: 'the opening point z is not 0, 1 or -1',
  'inner product': 'v(z) w(1/z) + w(z) v(1/z) = 2c + z S(z) + S(1/z)/z',
  opening: 'the commitments open to the values sent, and C_A = sum w_i C_i',
  rule: 'Groth16: weights and shares follow from the Gram matrix by the rule',
  onnx: 'the file holds the values of that model, bit for bit',
  base: "the model begins from the task's own ONNX model, bit for bit",
  aggregates: "every round's aggregate is the weighted sum of its commitments",
  total: "the rounds' aggregates add up to C_total",
  history: "the model's integers open the sum of the aggregates (one multiplication)",
};

/** Checks with their results and times. */
export function checksTable(checks: readonly Check[]): string {
  return table(
    ['check', 'check', 'result', 'ms'],
    checks.map(({ check, ok, detail, milliseconds }) => [
      check,
      ok ? (CHECK_TEXTS[check] ?? '') : `${CHECK_TEXTS[check] ?? ''}\n${colors.red(detail ?? 'failed')}`,
      ok ? colors.green('ok') : colors.red('FAILED'),
      milliseconds.toFixed(1),
    ]),
    { right: [3], widths: [18, 78, 8, 9] },
  );
}

/** One line with the result of all checks. */
export function verdict(checks: readonly Check[], good: string): string {
  const failed = checks.find((check) => !check.ok);
  const total = checks.reduce((sum, check) => sum + check.milliseconds, 0);
  return failed
    ? `${colors.red('✘')} the check "${failed.check}" failed: ${failed.detail ?? ''}`
    : `${colors.green('✔')} ${good} (${counted(checks.length, 'check')} in ${total.toFixed(0)} ms)`;
}

export const heading = (text: string): string => colors.bold(text);

/** Lines of at most 118 characters, all but the first indented. */
export function wrap(text: string, indent = 0): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) (?=\S)/)) {
    if (line && line.length + 1 + word.length > 118) {
      lines.push(line);
      line = ' '.repeat(indent) + word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line].join('\n');
}
