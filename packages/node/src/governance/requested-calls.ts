import type { ProposeRequest } from '@chorus/admin-api';
import { callsToSet, callToName } from '@chorus/chain';
import {
  type Address,
  ChorusError,
  type GovernanceRules,
  type Hex,
  isParameterName,
  PARAMETER_NAMES,
  type ParameterValue,
  type ProposedCall,
  parameterFault,
  parameterRule,
  sameParameter,
} from '@chorus/protocol';
import { id as hashOf } from 'ethers';

/**
 * The calls that a proposal was asked to make, checked: unknown parameters, values out of their bounds, and such that change
 * nothing are refused before anything is sent.
 * @throws ChorusError `E_GOVERNANCE_EMPTY`, `E_GOVERNANCE_BOUNDS`
 */
export function requestedCalls(
  { changes = [], contracts = [], calls = [] }: ProposeRequest,
  rules: GovernanceRules,
  current: readonly ParameterValue[],
): ProposedCall[] {
  const wanted = wantedValues(changes, rules.token, current);
  const made = [
    ...callsToSet(wanted, current, rules.contracts),
    ...contracts.map(({ name, address }) =>
      callToName(hashOf(name) as Hex, address.toLowerCase() as Address, rules.contracts),
    ),
    ...calls.map(({ target, data = '0x' }) => ({
      target: target.toLowerCase() as Address,
      value: 0n,
      data: data as Hex,
    })),
  ];
  if (made.length > 0) return made;
  throw new ChorusError('E_GOVERNANCE_EMPTY', 'the proposal would do nothing', {
    hint: 'give NAME=VALUE; chorus governance parameters lists the names',
  });
}

function wantedValues(
  changes: NonNullable<ProposeRequest['changes']>,
  token: Address,
  current: readonly ParameterValue[],
): ParameterValue[] {
  const wanted: ParameterValue[] = [];
  for (const { name, token: of, value: text } of changes) {
    if (!isParameterName(name)) {
      throw new ChorusError('E_GOVERNANCE_EMPTY', 'no parameter has this name', {
        facts: { given: name.slice(0, 50) },
        hint: `give one of ${PARAMETER_NAMES.join(', ')}`,
      });
    }
    const isAddress = parameterRule(name).unit === 'address';
    if (isAddress !== text.startsWith('0x')) {
      throw new ChorusError(
        'E_GOVERNANCE_BOUNDS',
        isAddress ? 'the value is no address' : 'the value is no number',
        {
          facts: { parameter: name, given: text },
          hint: isAddress
            ? 'give 0x and 40 hexadecimal digits'
            : 'give a whole number in the unit of the parameter: chorus governance parameters',
        },
      );
    }
    const value: ParameterValue = {
      name,
      token: name === 'minimum-stake' ? ((of ?? token).toLowerCase() as Address) : null,
      value: isAddress ? (text.toLowerCase() as Address) : BigInt(text),
    };
    if (wanted.some((each) => sameParameter(each, value))) {
      throw new ChorusError('E_GOVERNANCE_EMPTY', 'a parameter is given twice', {
        facts: { parameter: name },
        hint: 'give each once, with the value that it is to have',
      });
    }
    const now = current.find((each) => sameParameter(each, value))?.value ?? 0n;
    if (now === value.value) {
      throw new ChorusError('E_GOVERNANCE_EMPTY', 'the parameter has this value already', {
        facts: { parameter: name, value: text },
        hint: 'leave it out, or give another value: chorus governance parameters',
      });
    }
    wanted.push(value);
  }
  const after = [...wanted, ...current.filter((each) => !wanted.some((want) => sameParameter(want, each)))];
  const fault = parameterFault(after);
  if (fault) throw outOfBounds(fault, after);
  return wanted;
}

function outOfBounds(
  { name, fault }: NonNullable<ReturnType<typeof parameterFault>>,
  after: ParameterValue[],
) {
  const { least, most, unit } = parameterRule(name);
  return new ChorusError('E_GOVERNANCE_BOUNDS', `${name}: ${fault}`, {
    facts: { value: after.find((each) => each.name === name)?.value, least, most, unit },
    hint: 'the bounds are code: no vote can move them; chorus governance parameters shows them',
  });
}
