import {
  type Address,
  type Hex,
  type ParameterName,
  type ParameterValue,
  type ProposedCall,
  parameterRule,
} from '@chorus/protocol';
import type { Interface, Result } from 'ethers';
import { GOVERNOR, PARAMETERS, TIMELOCK } from '../abi/abis.ts';
import { lower } from '../abi/lower.ts';

/** The parts of a stake that `setSlashing` sets at once, in its order. */
const SLASHING = {
  trainerAbsence: 'slash-trainer-absence',
  validatorAbsence: 'slash-validator-absence',
  aggregatorAbsence: 'slash-aggregator-absence',
  unavailable: 'slash-unavailable',
  falseVerdict: 'slash-false-verdict',
  rejectedReference: 'slash-rejected-reference',
  absenceCap: 'absence-cap',
  missedRounds: 'missed-rounds',
} as const satisfies Record<string, ParameterName>;

const SLASHING_NAMES: readonly ParameterName[] = Object.values(SLASHING);
const WINDOWS: readonly ParameterName[] = ['contest-window', 'unbonding-period'];

/** Contracts with a setter, by the names that `GovernanceRules.contracts` has for them. */
const SETTERS: Readonly<Record<string, Interface>> = {
  parameters: PARAMETERS,
  governor: GOVERNOR,
  timelock: TIMELOCK,
};

/** Setters of one value: contract and function. */
const SINGLE: Readonly<Partial<Record<ParameterName, [contract: string, method: string]>>> = {
  'protocol-fee': ['parameters', 'setProtocolFee'],
  treasury: ['parameters', 'setTreasury'],
  'minimum-phase': ['parameters', 'setMinPhaseSeconds'],
  'voting-delay': ['governor', 'setVotingDelay'],
  'voting-period': ['governor', 'setVotingPeriod'],
  'proposal-threshold': ['governor', 'setProposalThreshold'],
  quorum: ['governor', 'updateQuorumNumerator'],
  'timelock-delay': ['timelock', 'updateDelay'],
};

const typed = (name: ParameterName, value: unknown): bigint | Address =>
  parameterRule(name).unit === 'address' ? lower(value) : BigInt(value as bigint);

const plain = (name: ParameterName, value: unknown): ParameterValue => ({
  name,
  token: null,
  value: typed(name, value),
});

/** What `setSlashing` and `SlashingSet` say. */
export function slashingValues(slashing: Result): ParameterValue[] {
  return Object.entries(SLASHING).map(([field, name]) => plain(name, slashing[field]));
}

/** The parameters that a decoded call sets; none if it is no setter. */
export function valuesSetBy(contract: string, method: string, args: Result): ParameterValue[] {
  const single = Object.entries(SINGLE).find(([, [on, called]]) => on === contract && called === method);
  if (single) return [plain(single[0] as ParameterName, args[0])];
  if (contract !== 'parameters') return [];
  if (method === 'setWindows') return [plain('contest-window', args[0]), plain('unbonding-period', args[1])];
  if (method === 'setSlashing') return slashingValues(args[0]);
  if (method === 'setMinimumStake') return [{ name: 'minimum-stake', token: lower(args[0]), value: args[1] }];
  return [];
}

/**
 * The calls that set these values, one for each setter. A setter of several values gives the others as they are.
 * @param current all parameters as they are
 * @param contracts see `GovernanceRules`
 */
export function callsToSet(
  changes: readonly ParameterValue[],
  current: readonly ParameterValue[],
  contracts: Readonly<Record<string, Address>>,
): ProposedCall[] {
  const call = (contract: string, method: string, args: unknown[]): ProposedCall => ({
    target: contracts[contract]!,
    value: 0n,
    data: SETTERS[contract]!.encodeFunctionData(method, args) as Hex,
  });
  const wanted = (name: ParameterName) =>
    [...changes, ...current].find((each) => each.name === name && each.token === null)!.value;
  const touches = (names: readonly ParameterName[]) => changes.some(({ name }) => names.includes(name));
  const calls = changes.flatMap(({ name, token, value }) => {
    const single = SINGLE[name];
    if (single) return [call(...single, [value])];
    return token === null ? [] : [call('parameters', 'setMinimumStake', [token, value])];
  });
  if (touches(WINDOWS)) calls.push(call('parameters', 'setWindows', WINDOWS.map(wanted)));
  if (touches(SLASHING_NAMES)) calls.push(call('parameters', 'setSlashing', [SLASHING_NAMES.map(wanted)]));
  return calls;
}

/** The call that gives a contract a name, by which clients find it. @param name keccak256 of the name */
export function callToName(
  name: Hex,
  target: Address,
  contracts: Readonly<Record<string, Address>>,
): ProposedCall {
  const data = PARAMETERS.encodeFunctionData('addContract', [name, target]) as Hex;
  return { target: contracts.parameters!, value: 0n, data };
}
