import type { Hex } from '@chorus/protocol';
import { keccak256, Transaction, type TransactionLike, Wallet } from 'ethers';
import { expect, it } from 'vitest';
import { TASK_MANAGER } from '../../../chain/src/abi/abis.ts';
import { vectorRounds } from '../testing/vector-rounds.ts';
import type { RoundRecords } from './records.ts';
import { SETTLE_SELECTOR, transactionFault } from './transaction.ts';

const [{ material }] = vectorRounds('reference-projection') as [ReturnType<typeof vectorRounds>[number]];
const original = Transaction.from(material.transaction!);
const signer = new Wallet(`0x${'5e'.repeat(32)}`);

/** A transaction like that of the settlement, signed again, and records that name it. */
function signed(more: TransactionLike): { records: RoundRecords; raw: Hex } {
  const { to, data, chainId, gasLimit } = original;
  const transaction = Transaction.from({ to, data, chainId, gasLimit, nonce: 1, type: 2, ...more });
  transaction.signature = signer.signingKey.sign(transaction.unsignedHash);
  const settled = { ...material.records.settled, transaction: transaction.hash as Hex };
  return { records: { ...material.records, settled }, raw: transaction.serialized as Hex };
}

it('the function is that of the contract', () => {
  expect(TASK_MANAGER.getFunction('settle')!.selector).toBe(SETTLE_SELECTOR);
});

it.each<[string, TransactionLike]>([
  ['of type 2', { maxFeePerGas: 9n, maxPriorityFeePerGas: 1n }],
  [
    'of type 1',
    { type: 1, gasPrice: 9n, accessList: [{ address: `0x${'11'.repeat(20)}`, storageKeys: [] }] },
  ],
  ['of the first kind, with a chain (EIP-155)', { type: 0, gasPrice: 9n, chainId: 31_337 }],
  ['that pays as well', { value: 5n, maxFeePerGas: 9n }],
])('a transaction %s that carries the settlement is it', (_, more) => {
  const { records, raw } = signed(more);
  expect(transactionFault(records, raw)).toBeUndefined();
});

const word = (at: number, change: (word: string) => string): Hex => {
  const from = 10 + 64 * at;
  return `${original.data.slice(0, from)}${change(original.data.slice(from, from + 64))}${original.data.slice(from + 64)}` as Hex;
};
const flipped = (hex: string) => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0');

it.each<[string, TransactionLike, RegExp]>([
  ['for another chain', { chainId: 1 }, /for chain 1/],
  ['for another chain, of the first kind', { type: 0, gasPrice: 1n, chainId: 5 }, /for chain 5/],
  ['to another contract', { to: `0x${'11'.repeat(20)}` }, /calls the contract/],
  ['that makes a contract', { to: null }, /calls the contract/],
  ['that calls another function', { data: `0xdeadbeef${original.data.slice(10)}` }, /settles nothing/],
  ['without calldata', { data: '0x' }, /settles nothing/],
  ['of another task', { data: word(0, flipped) }, /another settlement/],
  ['of another round', { data: word(1, flipped) }, /another settlement/],
  ['whose settlement lies elsewhere', { data: word(2, flipped) }, /another settlement/],
  ['with other weights', { data: word(3, flipped) }, /another settlement/],
  ['with other shares', { data: word(5, flipped) }, /another settlement/],
  ['that leaves others out', { data: word(8, flipped) }, /another settlement/],
  ['with another novelty', { data: word(11, flipped) }, /another settlement/],
  ['with another aggregate', { data: word(13, flipped) }, /another settlement/],
  ['with another proof, in its last word', { data: word(34, flipped) }, /another settlement/],
  ['that is cut short', { data: original.data.slice(0, 10 + 64 * 34) as Hex }, /another settlement/],
])('a transaction %s is not it', (_, more, fault) => {
  const { records, raw } = signed(more);
  expect(transactionFault(records, raw)).toMatch(fault);
});

it('a transaction of another hash is not it', () => {
  const { raw } = signed({ maxFeePerGas: 9n });
  expect(transactionFault(material.records, raw)).toMatch(/its hash is 0x/);
});

it.each<Hex>(['0x02', '0x02c0', '0x7fc0', '0xc0', '0xdeadbeef', '0x02c7c0c0c0c0c0c0c0'])(
  'bytes that are no transaction are refused, whatever hash the records name: %s',
  (raw) => {
    const settled = { ...material.records.settled, transaction: keccak256(raw) as Hex };
    expect(() => transactionFault({ ...material.records, settled }, raw)).toThrow();
  },
);
