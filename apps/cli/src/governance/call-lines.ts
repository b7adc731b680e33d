import type { ParameterDocument, ProposedCallDocument } from '@chorus/admin-api';
import { valueFormOf } from '@chorus/admin-api/words';
import { plainLine, type ValueForm, valueText } from '@chorus/protocol';
import colors from 'yoctocolors';
import { short } from '../output/units.ts';

const ARROW = '->';

/** A token by its symbol and its address: any token can call itself as another does. */
export const tokenText = ({ symbol }: Pick<ValueForm, 'symbol'>, token: string): string =>
  symbol === null ? short(token) : `${symbol} (${short(token)})`;

/**
 * What a proposed call does, in words: for each parameter the old value and the new one. A call that cannot be put in words
 * says so, and never shows as something harmless.
 */
export function callLines(call: ProposedCallDocument, parameters: readonly ParameterDocument[]): string[] {
  const { contract, method, target, args, sets, warning, coins } = call;
  if (method === null) {
    const where = contract ?? 'no contract of this network';
    return [
      colors.red(
        colors.bold(`UNKNOWN CALL of ${target} (${where}), function ${call.selector}, ${call.bytes} bytes`),
      ),
      colors.red('  nothing here can tell what it does: do not vote for it unless you know'),
      ...(coins === '0' ? [] : [colors.red(`  it sends ${coins} units of the chain’s coin`)]),
    ];
  }
  const lines = sets.flatMap(({ name, token, from, to, fault }) => {
    const form = valueFormOf(parameters, name, token);
    const called = token === null ? name : `${name} in ${tokenText(form, token)}`;
    if (from === to) return [colors.dim(`${called} stays ${valueText(form, to)}`)];
    const before = from === null ? '?' : valueText(form, from);
    const change = `${colors.bold(called)}  ${before} ${ARROW} ${colors.bold(valueText(form, to))}`;
    return fault === null ? [change] : [change, colors.red(`  cannot be carried out: ${fault}`)];
  });
  if (sets.length === 0) {
    const given = args.map(({ name, value }) => `${name}: ${plainLine(value)}`).join(', ');
    lines.push(`${contract}.${method}(${given})`);
  }
  return [
    ...lines,
    ...(warning === null ? [] : [colors.red(`  ${warning}`)]),
    ...(coins === '0' ? [] : [colors.red(`  it sends ${coins} units of the chain’s coin`)]),
  ];
}
