import { contributionVerifier, taskManager } from '@chorus/contracts';
import { Interface } from 'ethers';
import { describe, expect, it } from 'vitest';
import { ChainError, decodeRevert, refusal, revertData, toChainError } from './errors.ts';

/** Errors of libraries that no input of ours can cause, or that a caller cannot tell apart anyway. */
const NOT_OURS =
  /^(ECDSA|EIP712|SafeERC20|Reentrancy|InvalidShortString|StringTooLong|PrecompileFailed|ListNotStored)/;

describe('reverts', () => {
  it('every custom error of the contracts has a code and words of its own', () => {
    for (const abi of [taskManager.abi, contributionVerifier.abi]) {
      for (const { type, name = '' } of abi) {
        if (type !== 'error' || NOT_OURS.test(name)) continue;
        const error = refusal(name, 'test');
        expect(error.code, name).toMatch(/^E_CHAIN_/);
        expect(error.message, name).not.toContain('the contract refused');
      }
    }
  });

  it('carry their arguments as facts', () => {
    const abi = new Interface(taskManager.abi);
    const data = abi.encodeErrorResult('ParameterOutOfBounds', ['rounds']) as `0x${string}`;
    expect(decodeRevert(data, 'create a task')).toMatchObject({
      code: 'E_CHAIN_INVALID_PARAMS',
      facts: { action: 'create a task', check: 'ParameterOutOfBounds', parameter: 'rounds' },
    });
  });

  it('are found however deeply a node wraps them, and unknown ones are none of ours', () => {
    expect(revertData({ info: { error: { data: '0xdeadbeef' } } })).toBe('0xdeadbeef');
    expect(revertData(new Error('no data'))).toBeUndefined();
    expect(decodeRevert('0xdeadbeef', 'test')).toBeUndefined();
  });

  it('become a ChainError with a code, whatever was thrown', () => {
    expect(toChainError(new Error('socket hang up'), 'read').code).toBe('E_CHAIN_UNREACHABLE');
    expect(toChainError({ code: 'INSUFFICIENT_FUNDS' }, 'send').code).toBe('E_CHAIN_NO_GAS');
    expect(toChainError({ code: 'CALL_EXCEPTION', data: null }, 'read').code).toBe('E_CHAIN_REVERTED');
    const known = new ChainError('E_CHAIN_NOT_ENDED', 'x');
    expect(toChainError(known, 'read')).toBe(known);
  });
});
