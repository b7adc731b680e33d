import { SHARE_WORDS, unpackWords, WEIGHT_WORDS } from '@chorus/contracts';
import type { Address, Hex, SettledRound, Settlement } from '@chorus/protocol';
import { sameAddress } from '@chorus/protocol';
import type { JsonRpcProvider, Result } from 'ethers';
import { TASK_MANAGER } from './decode.ts';
import { ChainError } from './errors.ts';
import { read } from './rpc.ts';
import { bitsOf } from './signing.ts';

/**
 * The whole settlement of a settled round, proof and votes included, from the calldata of its transaction:
 * the chain's state keeps only what later rounds need.
 *
 * @throws ChainError `E_CHAIN_CALLDATA` where the node no longer has the transaction, or where another
 *   contract made the call
 */
export async function pastSettlement(
  provider: JsonRpcProvider,
  contract: Address,
  settled: SettledRound,
  signal: AbortSignal,
): Promise<Settlement> {
  const { transaction: hash, taskId, round } = settled;
  const transaction = await read('read a transaction', () => provider.getTransaction(hash), signal);
  const call =
    transaction?.to && sameAddress(transaction.to, contract)
      ? TASK_MANAGER.parseTransaction({ data: transaction.data })
      : null;
  if (call?.name !== 'settle' || call.args.taskId !== taskId || Number(call.args.round) !== round) {
    throw new ChainError('E_CHAIN_CALLDATA', 'the settlement cannot be read from its transaction', {
      facts: { taskId, round, transaction: hash, found: transaction !== null },
      hint: 'ask an endpoint that keeps old transactions; a call made by another contract cannot be read',
    });
  }
  return decodeSettlement(call.args.settlement, settled.weights.length);
}

function decodeSettlement(given: Result, trainers: number): Settlement {
  const words = (value: Iterable<bigint>): bigint[] => Array.from(value, BigInt);
  return {
    weights: unpackWords(words(given.weights), trainers, WEIGHT_WORDS),
    shares: unpackWords(words(given.shares), trainers, SHARE_WORDS),
    unavailable: bitsOf(given.unavailable),
    votes: Array.from(given.votes as Iterable<Result>, ({ validator, signature }) => ({
      validator: String(validator).toLowerCase() as Address,
      signature: signature as Hex,
    })),
    aggregate: { x: given.aggregate.x, y: given.aggregate.y },
    proof: null,
  };
}
