import { type Address, type Hex, sameAddress } from '@chorus/protocol';
import { type TypedDataDomain, type TypedDataField, verifyTypedData, type Wallet } from 'ethers';

/** The EIP-712 types of the task contract, written down a second time: the chain client must agree. */
const VERDICT = {
  Verdict: [
    { name: 'taskId', type: 'uint256' },
    { name: 'round', type: 'uint32' },
    { name: 'unavailable', type: 'uint256' },
    { name: 'rejected', type: 'uint256' },
    { name: 'lossBefore', type: 'uint64' },
    { name: 'lossAfter', type: 'uint64' },
  ],
};
const AVAILABLE = {
  Available: [
    { name: 'taskId', type: 'uint256' },
    { name: 'round', type: 'uint32' },
    { name: 'trainer', type: 'uint256' },
  ],
};

/** What is signed, and where it counts. */
export type SignedStatement = { chainId: number; contract: Address; taskId: bigint; round: number } & (
  | { unavailable: number[]; rejected: number[]; lossBefore: bigint; lossAfter: bigint }
  | { trainer: number }
);

const bitmap = (indices: number[]): bigint => indices.reduce((bits, i) => bits | (1n << BigInt(i)), 0n);

function typed(statement: SignedStatement): [TypedDataDomain, typeof VERDICT | typeof AVAILABLE, object] {
  const { chainId, contract, taskId, round } = statement;
  const domain = { name: 'Chorus', version: '1', chainId, verifyingContract: contract };
  if ('trainer' in statement) return [domain, AVAILABLE, { taskId, round, trainer: statement.trainer }];
  const { lossBefore, lossAfter } = statement;
  const unavailable = bitmap(statement.unavailable);
  const rejected = bitmap(statement.rejected);
  return [domain, VERDICT, { taskId, round, unavailable, rejected, lossBefore, lossAfter }];
}

export async function sign(wallet: Wallet, statement: SignedStatement): Promise<Hex> {
  const [domain, types, message] = typed(statement);
  return (await wallet.signTypedData(domain, types as Record<string, TypedDataField[]>, message)) as Hex;
}

export function isSignedBy(signer: Address, signature: Hex, statement: SignedStatement): boolean {
  const [domain, types, message] = typed(statement);
  try {
    return sameAddress(
      verifyTypedData(domain, types as Record<string, TypedDataField[]>, message, signature),
      signer,
    );
  } catch {
    return false;
  }
}
