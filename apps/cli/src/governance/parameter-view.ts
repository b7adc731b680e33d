import type { ParameterDocument } from '@chorus/admin-api';
import { boundsText, valueText } from '@chorus/protocol';
import colors from 'yoctocolors';
import { wrap } from '../output/table.ts';
import { localTime } from '../stake/view.ts';
import { tokenText } from './call-lines.ts';

const shortOf = (id: string): string => `0x${BigInt(id).toString(16).padStart(64, '0').slice(0, 8)}`;

/** Every parameter: what it is, may be and does, and when it was set. */
export function parameterLines(parameters: readonly ParameterDocument[]): string[] {
  return parameters.flatMap((parameter) => {
    const { name, title, value, preset, effect, changed, token, symbol, unit } = parameter;
    const of =
      unit === 'tokens' && name === 'minimum-stake' && token ? ` in ${tokenText({ symbol }, token)}` : '';
    const by = changed?.proposal ? `proposal ${shortOf(changed.proposal)}` : 'the deployment';
    return [
      `${colors.bold(name)}  ${colors.cyan(valueText(parameter, value))}  ${title}${of}`,
      wrap(`  ${effect}`, 2),
      colors.dim(
        `  ${boundsText(parameter)}${preset === null ? '' : `; ${valueText(parameter, preset)} in a new network`}${
          changed ? `; set ${localTime(changed.time)} by ${by}` : ''
        }`,
      ),
      '',
    ];
  });
}
