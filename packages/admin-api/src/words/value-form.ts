import { isParameterName, parameterRule, type ValueForm } from '@chorus/protocol';
import type { ParameterDocument } from '../documents/governance.ts';

/** How values of a parameter are written; in smallest units if this version or this node does not know its token. */
export function valueFormOf(
  parameters: readonly ParameterDocument[],
  name: string,
  token: string | null,
): ValueForm {
  const known = parameters.find((each) => each.name === name && (token === null || each.token === token));
  if (known) return known;
  const unit = isParameterName(name) ? parameterRule(name).unit : 'count';
  return { unit, token, symbol: null, decimals: null };
}
