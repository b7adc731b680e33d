import { type Address, type Hex, sameAddress, type VectorCommitment } from '@chorus/protocol';
import { AbiCoder, keccak256, type TypedDataDomain, verifyTypedData } from 'ethers';

const SEAL_TYPES = ['uint256', 'uint256', 'address', 'uint256', 'uint256', 'bytes32', 'bytes32'];

/** keccak256(abi.encode(taskId, round, validator, x, y, digest, salt)), as `openReference` recomputes it. */
export function sealOf(
  taskId: bigint,
  round: number,
  validator: Address,
  reference: VectorCommitment,
  salt: Hex,
): Hex {
  const { commitment, digest } = reference;
  const values = [taskId, round, validator, commitment.x, commitment.y, digest, salt];
  return keccak256(AbiCoder.defaultAbiCoder().encode(SEAL_TYPES, values)) as Hex;
}

/** EIP-712 type of a vote that exactly these trainers were unavailable. */
export const UNAVAILABLE_TYPES = {
  Unavailable: [
    { name: 'taskId', type: 'uint256' },
    { name: 'round', type: 'uint32' },
    { name: 'bitmap', type: 'uint256' },
  ],
};

/** EIP-712 domain of the task contract. */
export function voteDomain(chainId: number, contract: Address): TypedDataDomain {
  return { name: 'Chorus', version: '1', chainId, verifyingContract: contract };
}

/** Trainer indices (from 0) as the bitmap that is voted on. */
export function bitmapOf(trainers: readonly number[]): bigint {
  return trainers.reduce((bits, index) => bits | (1n << BigInt(index)), 0n);
}

/** The set bits of a bitmap, ascending. */
export function bitsOf(bitmap: bigint): number[] {
  const bits: number[] = [];
  for (let i = 0; bitmap >> BigInt(i) > 0n; i++) if ((bitmap >> BigInt(i)) & 1n) bits.push(i);
  return bits;
}

/** True where `signature` is `validator`'s vote for exactly this list. */
export function isVoteOf(
  validator: Address,
  signature: Hex,
  vote: { chainId: number; contract: Address; taskId: bigint; round: number; unavailable: readonly number[] },
): boolean {
  const message = { taskId: vote.taskId, round: vote.round, bitmap: bitmapOf(vote.unavailable) };
  try {
    const domain = voteDomain(vote.chainId, vote.contract);
    return sameAddress(verifyTypedData(domain, UNAVAILABLE_TYPES, message, signature), validator);
  } catch {
    return false;
  }
}
