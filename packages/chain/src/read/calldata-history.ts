import {
  type Address,
  fromHex,
  type Hex,
  type SettledRound,
  type Settlement,
  sameAddress,
} from '@chorus/protocol';
import type { JsonRpcProvider, TransactionDescription } from 'ethers';
import { TASK_MANAGER } from '../abi/abis.ts';
import type { RawLog } from '../abi/decode.ts';
import { decodeSettlement } from '../contracts/settlement.ts';
import { ChainError } from '../errors/errors.ts';
import { read } from '../rpc/rpc.ts';

/**
 * The whole settlement of a settled round, proof and votes included, from the calldata of its transaction:
 * the chain's state keeps only what later rounds need.
 *
 * @throws ChainError `E_CHAIN_CALLDATA` if the node no longer has the transaction, or if another contract made the
 * call
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
      ? decodeSettlement(transaction.data as Hex)
      : null;
  if (call?.taskId !== taskId || call.round !== round) {
    throw new ChainError('E_CHAIN_CALLDATA', 'the settlement cannot be read from its transaction', {
      facts: { taskId, round, transaction: hash, found: transaction !== null },
      hint: 'ask an endpoint that keeps old transactions; a call made by another contract cannot be read',
    });
  }
  // The calldata has room for 16 trainers; the task may have fewer.
  const { weights, shares } = call.settlement;
  const count = settled.weights.length;
  return { ...call.settlement, weights: weights.slice(0, count), shares: shares.slice(0, count) };
}

/**
 * The payload of a `PayloadPublished` event, from the calldata of its transaction.
 *
 * @throws ChainError `E_CHAIN_CALLDATA`, as `pastSettlement`
 */
export async function pastPayload(
  provider: JsonRpcProvider,
  contract: Address,
  { taskId, round }: { taskId: bigint; round: number },
  log: RawLog,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const hash = log.transactionHash;
  const transaction = await read('read a transaction', () => provider.getTransaction(hash), signal);
  const call =
    transaction?.to && sameAddress(transaction.to, contract) ? parseCall(transaction.data as Hex) : null;
  if (call?.name !== 'publishPayload' || call.args[0] !== taskId || Number(call.args[1]) !== round) {
    throw new ChainError('E_CHAIN_CALLDATA', 'the payload cannot be read from its transaction', {
      facts: { taskId, round, transaction: hash, found: transaction !== null },
      hint: 'ask an endpoint that keeps old transactions; a call made by another contract cannot be read',
    });
  }
  return fromHex(call.args[2]);
}

function parseCall(data: Hex): TransactionDescription | null {
  try {
    return TASK_MANAGER.parseTransaction({ data });
  } catch {
    return null;
  }
}
