import type { Address } from '../hex.ts';
import { type ParameterName, parameterRule } from './parameters.ts';

/** A value of a parameter: a number in its unit, or an address in lower case. */
export interface ParameterValue {
  name: ParameterName;
  /** Whose least stake it is; null for all other parameters. */
  token: Address | null;
  value: bigint | Address;
}

export const sameParameter = (
  a: Pick<ParameterValue, 'name' | 'token'>,
  b: Pick<ParameterValue, 'name' | 'token'>,
): boolean => a.name === b.name && a.token === b.token;

const NO_ADDRESS = `0x${'00'.repeat(20)}`;

/**
 * Why the contracts would refuse these values together; null if they would take them.
 * @param values all parameters as they would be
 */
export function parameterFault(
  values: readonly ParameterValue[],
): { name: ParameterName; fault: string } | null {
  for (const { name, value } of values) {
    const { least, most } = parameterRule(name);
    if (typeof value === 'string') {
      if (value === NO_ADDRESS) return { name, fault: 'the zero address is refused' };
    } else if (value < least! || value > most!) {
      return { name, fault: `the value is not within its bounds` };
    }
  }
  const of = (name: ParameterName) => values.find((each) => each.name === name)?.value;
  const [contest, unbond] = [of('contest-window'), of('unbonding-period')];
  if (contest !== undefined && unbond !== undefined && unbond <= contest) {
    return { name: 'unbonding-period', fault: 'it must be longer than contest-window' };
  }
  return null;
}
