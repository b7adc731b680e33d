import { taskManager } from '@chorus/contracts';
import { ErrorFragment, Interface } from 'ethers';
import { describe, expect, it } from 'vitest';
import { ARTIFACTS } from '../abi/abis.ts';
import { ChainError, decodeRevert, revertData, toChainError } from './errors.ts';
import { LIBRARY_REFUSALS } from './openzeppelin.ts';
import { REFUSALS } from './refusals.ts';

const ZEROS: Readonly<Record<string, unknown>> = {
  address: '0x0000000000000000000000000000000000000000',
  bytes32: `0x${'00'.repeat(32)}`,
  bytes: '0x',
  string: 'x',
};

describe('reverts', () => {
  it('every error of every contract has a code, its own message and a hint', () => {
    let seen = 0;
    for (const [contract, { abi }] of ARTIFACTS) {
      for (const entry of abi) {
        if (entry.type !== 'error') continue;
        seen++;
        const fragment = ErrorFragment.from(entry);
        const zeros = fragment.inputs.map(({ baseType }) => ZEROS[baseType] ?? 0);
        const data = new Interface([fragment]).encodeErrorResult(fragment, zeros) as `0x${string}`;
        const error = decodeRevert(data, 'test');
        expect(error, `${contract}.${fragment.name} is not decoded`).toBeDefined();
        expect(error!.code, fragment.name).toMatch(/^E_CHAIN_/);
        expect(error!.message, `${contract}.${fragment.name}`).not.toContain('the contract refused');
        expect(error!.hint, fragment.name).toMatch(/\w{3}/);
        expect(error!.facts).toMatchObject({ action: 'test', check: fragment.name });
        expect(Object.keys(error!.facts)).toHaveLength(2 + fragment.inputs.length);
      }
    }
    expect(seen).toBeGreaterThan(100);
  });

  it('no message is left for an error that no contract has', () => {
    const names = new Set(
      [...ARTIFACTS.values()].flatMap(({ abi }) => abi.flatMap((e) => (e.type === 'error' ? [e.name] : []))),
    );
    const ours = Object.keys(REFUSALS).filter((name) => !names.has(name));
    const theirs = Object.keys(LIBRARY_REFUSALS).filter((name) => !names.has(name));
    expect(ours).toEqual([]);
    expect(theirs).toEqual(['Error', 'Panic']);
  });

  it('errors of Solidity itself carry the reason and the kind of panic', () => {
    const encode = (name: string, value: unknown): `0x${string}` =>
      new Interface([`error ${name}`]).encodeErrorResult(name.split('(')[0]!, [value]) as `0x${string}`;
    expect(decodeRevert(encode('Error(string)', 'no'), 'x')).toMatchObject({ facts: { reason: 'no' } });
    expect(decodeRevert(encode('Panic(uint256)', 17), 'x')).toMatchObject({ facts: { code: 17n } });
  });

  it('contract errors carry their arguments as facts', () => {
    const abi = new Interface(taskManager.abi);
    const data = abi.encodeErrorResult('ParameterOutOfBounds', ['rounds']) as `0x${string}`;
    expect(decodeRevert(data, 'create a task')).toMatchObject({
      code: 'E_CHAIN_INVALID_PARAMS',
      facts: { action: 'create a task', check: 'ParameterOutOfBounds', parameter: 'rounds' },
    });
  });

  it('contract errors are found at any depth of a node’s wrapping, and unknown ones are not decoded', () => {
    expect(revertData({ info: { error: { data: '0xdeadbeef' } } })).toBe('0xdeadbeef');
    expect(revertData(new Error('no data'))).toBeUndefined();
    expect(decodeRevert('0xdeadbeef', 'test')).toBeUndefined();
  });

  it('any thrown value becomes a ChainError with a code', () => {
    expect(toChainError(new Error('socket hang up'), 'read').code).toBe('E_CHAIN_UNREACHABLE');
    expect(toChainError({ code: 'INSUFFICIENT_FUNDS' }, 'send').code).toBe('E_CHAIN_NO_GAS');
    expect(toChainError({ code: 'CALL_EXCEPTION', data: null }, 'read').code).toBe('E_CHAIN_REVERTED');
    const known = new ChainError('E_CHAIN_NOT_ENDED', 'x');
    expect(toChainError(known, 'read')).toBe(known);
  });
});
