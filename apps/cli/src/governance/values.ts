import type { ParameterDocument } from '@chorus/admin-api';
import { exactAmount } from '@chorus/chain';
import { ChorusError } from '@chorus/protocol';
import { tokenUnits } from '../options/token-amount.ts';
import { short } from '../output/units.ts';

/** What of a parameter its values are written with. */
export type ValueForm = Pick<ParameterDocument, 'unit' | 'token' | 'symbol' | 'decimals'>;

/** Larger bounds are those of the machine, not of the rules. */
const NO_LIMIT = 2n ** 63n;

const SPANS = [
  ['day', 86_400n],
  ['h', 3600n],
  ['min', 60n],
  ['s', 1n],
] as const;

/** Seconds, exactly, in the largest units: `1 h 30 min`. */
export function spanText(seconds: bigint): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [name, length] of SPANS) {
    const count = left / length;
    left %= length;
    if (count > 0n) parts.push(`${count} ${name}${name === 'day' && count > 1n ? 's' : ''}`);
  }
  return parts.join(' ') || '0 s';
}

/** A value of a parameter for readers, with its unit. */
export function valueText({ unit, token, symbol, decimals }: ValueForm, value: string): string {
  if (unit === 'address') return value;
  const number = BigInt(value);
  if (unit === 'bps') return `${Number(number) / 100} %`;
  if (unit === 'percent') return `${number} %`;
  if (unit === 'count') return value;
  if (number >= NO_LIMIT && unit === 'seconds') return 'any time';
  if (unit === 'seconds') return spanText(number);
  if (decimals === null) return `${value} units of ${token === null ? 'the token' : short(token)}`;
  return `${exactAmount(value, decimals)} ${symbol ?? `of ${short(token ?? '')}`}`;
}

/** What a parameter may be, for readers. */
export function boundsText(parameter: ParameterDocument): string {
  const { least, most, unit } = parameter;
  if (least === null || most === null) return 'any address but zero';
  if (unit === 'tokens' || BigInt(most) >= 2n ** 32n) return `at least ${valueText(parameter, least)}`;
  return `${valueText(parameter, least)} to ${valueText(parameter, most)}`;
}

const SPAN_SECONDS: Readonly<Record<string, bigint>> = { s: 1n, min: 60n, m: 60n, h: 3600n, d: 86_400n };

const FORMS: Readonly<Record<ParameterDocument['unit'], string>> = {
  bps: 'a percentage with at most two decimals, such as 2.5%',
  percent: 'a whole percentage, such as 4%',
  seconds: 'a time with its unit, such as 30s, 15min, 2h or 7d',
  count: 'a whole number',
  tokens: 'an amount in tokens, such as 12.5',
  address: 'an address',
};

/**
 * A value that a person wrote, as the contract has it: always with its unit, so that no number means something else than
 * it looks like.
 * @throws ChorusError `E_USAGE`
 */
export function parseValue(parameter: ParameterDocument, text: string): string {
  const parsed = parse(parameter, text.trim());
  if (parsed !== null) return parsed;
  throw new ChorusError('E_USAGE', `${parameter.name} takes ${FORMS[parameter.unit]}`, {
    facts: { given: text.slice(0, 50) },
    hint: `it is ${valueText(parameter, parameter.value)} now; allowed: ${boundsText(parameter)}`,
  });
}

function parse({ unit, decimals }: ParameterDocument, text: string): string | null {
  if (unit === 'address') return /^0x[0-9a-fA-F]{40}$/.test(text) ? text.toLowerCase() : null;
  if (unit === 'count') return /^\d{1,9}$/.test(text) ? text : null;
  if (unit === 'tokens') return decimals === null ? null : (tokenUnits(text, decimals)?.toString() ?? null);
  if (unit === 'seconds') {
    const span = /^(\d{1,12})\s?(s|min|m|h|d)$/.exec(text);
    return span ? (BigInt(span[1]!) * SPAN_SECONDS[span[2]!]!).toString() : null;
  }
  const percent = /^(\d{1,3})(?:\.(\d{1,2}))?\s?%$/.exec(text);
  if (!percent) return null;
  const hundredths = BigInt(percent[1]!) * 100n + BigInt((percent[2] ?? '').padEnd(2, '0'));
  if (unit === 'bps') return hundredths.toString();
  return hundredths % 100n === 0n ? (hundredths / 100n).toString() : null;
}

/** `NAME=VALUE`, or `NAME:TOKEN=VALUE` for the least stake of tasks in another token. @throws ChorusError `E_USAGE` */
export function parseChange(text: string): { name: string; token?: string; value: string } {
  const found = /^([a-z-]+)(?::(0x[0-9a-fA-F]{40}))?=(.+)$/.exec(text);
  if (found) {
    const [, name, token, value] = found;
    return { name: name!, value: value!, ...(token ? { token: token.toLowerCase() } : {}) };
  }
  throw new ChorusError('E_USAGE', 'this is not NAME=VALUE', {
    facts: { given: text.slice(0, 50) },
    hint: 'such as protocol-fee=2.5%; chorus governance parameters lists the names',
  });
}
