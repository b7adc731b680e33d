import { type Address, type ParameterValue, type ProposedCall, plainLine } from '@chorus/protocol';
import type { Interface, ParamType, TransactionDescription } from 'ethers';
import {
  ATTESTOR,
  GOVERNOR,
  IDENTITIES,
  PARAMETERS,
  REPUTATIONS,
  ROYALTIES,
  STAKE_MANAGER,
  TASK_MANAGER,
  TILLS,
  TIMELOCK,
  TOKEN,
  UNITS,
  VALIDATIONS,
} from '../abi/abis.ts';
import { valuesSetBy } from './calls.ts';

/** The contracts of a deployment, by the names that `GovernanceRules.contracts` has for them. */
const INTERFACES: Readonly<Record<string, Interface>> = {
  parameters: PARAMETERS,
  governor: GOVERNOR,
  timelock: TIMELOCK,
  token: TOKEN,
  taskManager: TASK_MANAGER,
  stakes: STAKE_MANAGER,
  attestor: ATTESTOR,
  identities: IDENTITIES,
  reputations: REPUTATIONS,
  validations: VALIDATIONS,
  tills: TILLS,
  units: UNITS,
  royalties: ROYALTIES,
};

/** Calls after which governance is another one, or has less: a voter must not miss them. */
const WARNINGS: Readonly<Record<string, string>> = {
  'parameters.transferOwnership':
    'hands all parameters over to another account: votes decide nothing about them any more',
  'parameters.renounceOwnership': 'leaves the parameters without an owner: none can be changed any more',
  'governor.updateTimelock': 'lets another contract execute decisions',
  'governor.relay': 'lets the governor call any contract',
  'timelock.grantRole': 'lets another account act on the timelock',
  'timelock.revokeRole':
    'takes a role on the timelock away: without the governor’s, no decision can be executed any more',
  'timelock.renounceRole': 'gives a role on the timelock up',
  'timelock.schedule': 'schedules a further call, which no vote sees',
  'timelock.scheduleBatch': 'schedules further calls, which no vote sees',
  'token.transfer': 'moves tokens of the timelock',
  'token.approve': 'lets another account move tokens of the timelock',
};

/** Longest text of an argument. */
const MAX_ARGUMENT = 200;

/** A proposed call in words. */
export interface DescribedCall {
  /** Name of the contract that is called; null if this deployment has no such contract. */
  contract: string | null;
  /** The function; null if the call cannot be put in words. */
  method: string | null;
  args: { name: string; value: string }[];
  /** The parameters that it sets. */
  sets: ParameterValue[];
  /** What is grave about the call; null if nothing is. */
  warning: string | null;
}

/**
 * What a proposed call does. Only calls of this deployment's contracts are put in words: elsewhere the same bytes may
 * mean anything.
 * @param complete whether the data is all of it
 */
export function describeCall(
  call: ProposedCall,
  contracts: Readonly<Record<string, Address>>,
  complete = true,
): DescribedCall {
  const contract = Object.entries(contracts).find(([, address]) => address === call.target)?.[0] ?? null;
  const unknown: DescribedCall = {
    contract,
    method: null,
    args: [],
    sets: [],
    warning: 'nothing here can tell what this call does',
  };
  const abi = contract === null ? undefined : INTERFACES[contract];
  const parsed = abi && complete ? parse(abi, call) : null;
  if (!parsed) return unknown;
  const { name, args, fragment } = parsed;
  const warning = WARNINGS[`${contract}.${name}`] ?? null;
  return {
    contract,
    method: name,
    args: fragment.inputs.map((input, i) => ({
      name: input.name || String(i + 1),
      value: textOf(args[i], input),
    })),
    sets: valuesSetBy(contract!, name, args),
    warning: call.value > 0n ? [warning, 'sends coins of the timelock'].filter(Boolean).join('; ') : warning,
  };
}

/** Null unless the contract would read the same arguments from exactly these bytes. */
function parse(abi: Interface, { data, value }: ProposedCall): TransactionDescription | null {
  try {
    const parsed = abi.parseTransaction({ data, value });
    if (!parsed) return null;
    const again = abi.encodeFunctionData(parsed.fragment, parsed.args);
    return again.toLowerCase() === data.toLowerCase() ? parsed : null;
  } catch {
    return null;
  }
}

function textOf(value: unknown, type: ParamType): string {
  const text = written(value, type);
  return plainLine(text.length > MAX_ARGUMENT ? `${text.slice(0, MAX_ARGUMENT)}…` : text);
}

function written(value: unknown, type: ParamType): string {
  if (type.isArray())
    return `[${[...(value as unknown[])].map((each) => written(each, type.arrayChildren)).join(', ')}]`;
  if (type.isTuple()) {
    const parts = type.components.map((each, i) => `${each.name}: ${written((value as unknown[])[i], each)}`);
    return `{${parts.join(', ')}}`;
  }
  return type.baseType === 'address' ? String(value).toLowerCase() : String(value);
}
