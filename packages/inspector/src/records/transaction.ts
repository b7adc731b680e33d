import { packShares, packWeights } from '@chorus/aggregation';
import { fromHex, type Hex, MAX_TRAINERS, sameAddress, toHex } from '@chorus/protocol';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { RoundRecords } from './records.ts';

/** The function `settle` of the task contract: the first four bytes of its calldata. */
export const SETTLE_SELECTOR = '0xa05f3db1';

/** Where the settlement begins behind the function's name, in bytes: after task, round and this number. */
const SETTLEMENT_OFFSET = 96n;

/**
 * Why a transaction is not the one that the records name, or does not carry what they say was sent. If it does, who knows
 * that the chain has executed the transaction with this hash need believe no one what was sent.
 * @param raw as it was signed
 * @returns undefined if it is the one
 */
export function transactionFault(records: RoundRecords, raw: Hex): string | undefined {
  const bytes = fromHex(raw);
  const hash = toHex(keccak_256(bytes));
  if (hash !== records.settled.transaction) return `its hash is ${hash}`;
  const { chainId, to, data } = fieldsOf(bytes);
  if (chainId !== BigInt(records.chainId)) return `it is for chain ${chainId}`;
  if (!sameAddress(to, records.contract)) return `it calls the contract ${to}`;
  if (data.slice(0, 10) !== SETTLE_SELECTOR) return 'it settles nothing';
  const sent = wordsOf(data);
  const differs = settleWords(records).some((word, i) => word !== null && word !== sent[i]);
  return differs ? 'it carries another settlement' : undefined;
}

/** Chain, payee and calldata of a signed transaction: a legacy one (EIP-155), or of the types 1, 2, 3 and 4. */
function fieldsOf(bytes: Uint8Array): { chainId: bigint; to: Hex; data: Hex } {
  const type = bytes[0]!;
  const isLegacy = type >= 0xc0;
  if (!isLegacy && type > 4) throw new RangeError(`a transaction of type ${type}`);
  const fields = RLP.decode(isLegacy ? bytes : bytes.subarray(1));
  if (!Array.isArray(fields)) throw new RangeError('not a transaction');
  const field = (index: number): Uint8Array => {
    const value = fields[index];
    if (value instanceof Uint8Array) return value;
    throw new RangeError('not a transaction');
  };
  const number = (value: Uint8Array) => (value.length === 0 ? 0n : BigInt(toHex(value)));
  // [nonce, gas price, gas, to, value, data, v, ...], or after chain, nonce, one or two prices, and gas.
  if (isLegacy) return { chainId: (number(field(6)) - 35n) / 2n, to: toHex(field(3)), data: toHex(field(5)) };
  const at = type === 1 ? 4 : 5;
  return { chainId: number(field(0)), to: toHex(field(at)), data: toHex(field(at + 2)) };
}

/** The words of calldata behind the name of the function. */
const wordsOf = (data: Hex): bigint[] =>
  Array.from({ length: Math.floor((data.length - 10) / 64) }, (_, i) =>
    BigInt(`0x${data.slice(10 + 64 * i, 74 + 64 * i)}`),
  );

/**
 * The words that the ABI gives the call: all of them have fixed places, but the votes behind them. Null: where the votes
 * begin.
 */
function settleWords({ task, settled, settlement }: RoundRecords): (bigint | null)[] {
  const { proof, novelty, aggregate } = settlement;
  const { a, b, c } = proof.groth16;
  const padded = (parts: readonly number[]) => [...parts, ...Array(MAX_TRAINERS - parts.length).fill(0)];
  const bitmap = (indices: readonly number[]) =>
    indices.reduce((bits, index) => bits | (1n << BigInt(index)), 0n);
  return [
    task.id,
    BigInt(settled.round),
    SETTLEMENT_OFFSET,
    ...packWeights(padded(settlement.weights)),
    ...packShares(padded(settlement.shares)),
    bitmap(settlement.unavailable),
    bitmap(settlement.rejected),
    null,
    ...[novelty, aggregate].flatMap(({ x, y }) => [x, y]),
    proof.gramHash,
    proof.innerProduct,
    ...[proof.cross, proof.quotient].flatMap(({ x, y }) => [x, y]),
    ...proof.evaluations,
    ...[a.x, a.y, ...b.x, ...b.y, c.x, c.y],
  ];
}
