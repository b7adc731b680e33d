import { type Address, PARAMETER_NAMES, type ParameterName, type ParameterValue } from '@chorus/protocol';
import type { Interface, Result } from 'ethers';
import { GOVERNOR, PARAMETERS, TIMELOCK } from '../abi/abis.ts';
import type { GovernanceAddresses } from '../contracts/governance.ts';
import { slashingValues } from './calls.ts';

type View = (to: Address, abi: Interface, name: string, args?: unknown[]) => Promise<Result>;

/** Where each parameter of one number is read. */
const READERS: readonly [ParameterName, 'parameters' | 'governor' | 'timelock', string][] = [
  ['protocol-fee', 'parameters', 'protocolFeeBps'],
  ['contest-window', 'parameters', 'contestSeconds'],
  ['unbonding-period', 'parameters', 'unbondSeconds'],
  ['minimum-phase', 'parameters', 'minPhaseSeconds'],
  ['voting-delay', 'governor', 'votingDelay'],
  ['voting-period', 'governor', 'votingPeriod'],
  ['proposal-threshold', 'governor', 'proposalThreshold'],
  ['quorum', 'governor', 'quorumNumerator()'],
  ['timelock-delay', 'timelock', 'getMinDelay'],
];

const ABIS = { parameters: PARAMETERS, governor: GOVERNOR, timelock: TIMELOCK };

/** All parameters as they are. @param tokens whose least stakes are read */
export async function readParameters(
  at: GovernanceAddresses & { parameters: Address },
  tokens: readonly Address[],
  view: View,
): Promise<ParameterValue[]> {
  const set = async (name: string, args: unknown[] = []) =>
    (await view(at.parameters, PARAMETERS, name, args))[0];
  const numbers = READERS.map(async ([name, on, method]): Promise<ParameterValue> => {
    const [value] = await view(at[on], ABIS[on], method);
    return { name, token: null, value };
  });
  const stakes = tokens.map(async (token): Promise<ParameterValue> => {
    return { name: 'minimum-stake', token, value: await set('minimumStake', [token]) };
  });
  const [treasury, slashing, ...rest] = await Promise.all([
    set('treasury'),
    set('slashing'),
    ...stakes,
    ...numbers,
  ]);
  const address = String(treasury).toLowerCase() as Address;
  const values: ParameterValue[] = [
    { name: 'treasury', token: null, value: address },
    ...slashingValues(slashing),
    ...rest,
  ];
  const order = (name: ParameterName): number => PARAMETER_NAMES.indexOf(name);
  return values.sort((a, b) => order(a.name) - order(b.name));
}
