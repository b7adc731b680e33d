import type { Address, Hex, ParameterValue, ProposedCall } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { GOVERNOR, PARAMETERS, TIMELOCK } from '../abi/abis.ts';
import { callsToSet, callToName } from './calls.ts';
import { describeCall } from './describe.ts';

const contracts: Record<string, Address> = {
  parameters: `0x${'0a'.repeat(20)}`,
  governor: `0x${'0b'.repeat(20)}`,
  timelock: `0x${'0c'.repeat(20)}`,
};
const OTHER: Address = `0x${'99'.repeat(20)}`;

const call = (target: Address, data: string, value = 0n): ProposedCall => ({
  target,
  value,
  data: data as Hex,
});
const setFee = PARAMETERS.encodeFunctionData('setProtocolFee', [50]);

describe('proposed calls', () => {
  it('a call of a setter is described by the parameters that it sets, and read back as they were given', () => {
    const current: ParameterValue[] = [
      { name: 'contest-window', token: null, value: 60n },
      { name: 'unbonding-period', token: null, value: 120n },
      ...(
        [
          'slash-trainer-absence',
          'slash-validator-absence',
          'slash-aggregator-absence',
          'slash-unavailable',
          'slash-false-verdict',
          'slash-rejected-reference',
          'absence-cap',
          'missed-rounds',
        ] as const
      ).map((name, i): ParameterValue => ({ name, token: null, value: BigInt(i + 1) })),
    ];
    const changes: ParameterValue[] = [
      { name: 'protocol-fee', token: null, value: 50n },
      { name: 'treasury', token: null, value: OTHER },
      { name: 'minimum-stake', token: OTHER, value: 7n },
      { name: 'minimum-phase', token: null, value: 9n },
      { name: 'voting-period', token: null, value: 77n },
      { name: 'quorum', token: null, value: 5n },
      { name: 'timelock-delay', token: null, value: 78n },
      { name: 'unbonding-period', token: null, value: 300n },
      { name: 'missed-rounds', token: null, value: 2n },
    ];
    const calls = callsToSet(changes, current, contracts);
    expect(calls).toHaveLength(9);
    const described = calls.map((each) => describeCall(each, contracts));
    expect(described.every(({ method, warning }) => method !== null && warning === null)).toBe(true);
    const sets = described.flatMap((each) => each.sets);
    expect(sets).toEqual(expect.arrayContaining(changes));
    // The setters of several values give the others as they are.
    expect(sets).toHaveLength(changes.length + 1 + 7);
    expect(sets).toContainEqual({ name: 'contest-window', token: null, value: 60n });
  });

  it('a name for a contract is shown with the contract that gets it', () => {
    const described = describeCall(callToName(`0x${'07'.repeat(32)}`, OTHER, contracts), contracts);
    expect(described).toMatchObject({
      contract: 'parameters',
      method: 'addContract',
      sets: [],
      warning: null,
    });
    expect(described.args[1]).toEqual({ name: 'target', value: OTHER });
  });

  it('a call is not put in words if it is of no contract of the deployment, or its bytes are not those of its words', () => {
    const unknown = [
      call(OTHER, setFee),
      call(contracts.parameters!, '0x'),
      call(contracts.parameters!, '0xdeadbeef'),
      // Cut off, and with something after the arguments.
      call(contracts.parameters!, setFee.slice(0, -2)),
      call(contracts.parameters!, `${setFee}00`),
      // A function of another contract.
      call(contracts.governor!, setFee),
    ];
    for (const each of unknown) {
      const { method, sets, warning } = describeCall(each, contracts);
      expect({ method, sets }, each.data).toEqual({ method: null, sets: [] });
      expect(warning).not.toBeNull();
    }
    expect(describeCall(call(contracts.parameters!, setFee), contracts, false).method).toBeNull();
  });

  it('a call after which governance is another one, and one that sends coins, has a warning', () => {
    const grave = [
      call(contracts.parameters!, PARAMETERS.encodeFunctionData('transferOwnership', [OTHER])),
      call(contracts.parameters!, PARAMETERS.encodeFunctionData('renounceOwnership', [])),
      call(contracts.governor!, GOVERNOR.encodeFunctionData('updateTimelock', [OTHER])),
      call(contracts.governor!, GOVERNOR.encodeFunctionData('relay', [OTHER, 0, '0x'])),
      call(contracts.timelock!, TIMELOCK.encodeFunctionData('revokeRole', [`0x${'00'.repeat(32)}`, OTHER])),
      call(contracts.parameters!, setFee, 5n),
    ];
    for (const each of grave) {
      const { method, warning } = describeCall(each, contracts);
      expect(method).not.toBeNull();
      expect(warning, method!).not.toBeNull();
    }
  });

  it('an argument of any length is shown cut, in one line', () => {
    const data = GOVERNOR.encodeFunctionData('relay', [OTHER, 0, `0x${'0a'.repeat(4000)}`]);
    const { args } = describeCall(call(contracts.governor!, data), contracts);
    expect(Math.max(...args.map(({ value }) => value.length))).toBeLessThanOrEqual(201);
  });
});
