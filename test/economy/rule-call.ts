import { ChainError } from '@chorus/chain';
import type { Contract, JsonRpcSigner, TransactionReceipt } from 'ethers';
import { as, type Evm, refusal, send } from '../compliance/evm.ts';

/** A call on a contract, and the same by a second implementation of its rules. */
export interface Call {
  name: string;
  contract: Contract;
  method: string;
  args: unknown[];
  account: number;
  /** The same by the rules. @throws ChainError */
  expected(now: number): void;
  /** What the rules leave to chance. */
  after?(receipt: TransactionReceipt): void;
}

/** Each kind as often as its weight. */
export const bagOf = <K extends string>(weights: Record<K, number>): K[] =>
  (Object.entries(weights) as [K, number][]).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind),
  );

/** The error by which the rules refuse a call; null if they carry it out. */
export function refusalByRules(call: Call, now: number): string | null {
  try {
    call.expected(now);
    return null;
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return String(error.facts.check);
  }
}

/**
 * Make a call in a block of this time, by the contract and by the rules.
 * @returns its name, and the error by which both refuse it
 * @throws Error if they disagree
 */
export async function makeCall(call: Call, evm: Evm, account: JsonRpcSigner, now: number): Promise<string> {
  const contract = as(call.contract, account);
  const expected = refusalByRules(call, now);
  await evm.provider.send('evm_setNextBlockTimestamp', [now]);
  if (expected === null) {
    const receipt = await send(contract, call.method, ...call.args);
    call.after?.(receipt);
    return call.name;
  }
  await evm.provider.send('evm_mine', []);
  const found = await refusal(contract, call.method, ...call.args);
  if (found !== expected)
    throw new Error(`${call.name}(${call.args}) was refused with ${found}, not ${expected}`);
  return `${call.name} ${expected}`;
}
