import {
  type Address,
  type AvailableVote,
  G1_INFINITY,
  type G1Point,
  type Hex,
  MAX_TRAINERS,
  MAX_VALIDATORS,
  type RoundState,
  type RoundVerdict,
  sameAddress,
  type VectorCommitment,
  type VerdictFindings,
  type VerdictVote,
} from '@chorus/protocol';
import {
  AbiCoder,
  keccak256,
  type Signer,
  type TypedDataDomain,
  type TypedDataField,
  verifyTypedData,
} from 'ethers';

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

export { ruleId, ruleNameOf } from '@chorus/protocol';

type Types = Record<string, TypedDataField[]>;

/** EIP-712 type of a validator's findings on a round. */
export const VERDICT_TYPES: Types = {
  Verdict: [
    { name: 'taskId', type: 'uint256' },
    { name: 'round', type: 'uint32' },
    { name: 'commitments', type: 'bytes32' },
    { name: 'unavailable', type: 'uint256' },
    { name: 'rejected', type: 'uint256' },
    { name: 'novelty', type: 'bytes32' },
    { name: 'lossBefore', type: 'uint64' },
    { name: 'lossAfter', type: 'uint64' },
  ],
};

/** EIP-712 type of a validator's statement that one trainer's payload is available. */
export const AVAILABLE_TYPES: Types = {
  Available: [
    { name: 'taskId', type: 'uint256' },
    { name: 'round', type: 'uint32' },
    { name: 'commitments', type: 'bytes32' },
    { name: 'trainer', type: 'uint256' },
  ],
};

/** EIP-712 type of a claim that any account may send for its signer. */
export const CLAIM_TYPES: Types = {
  Claim: [
    { name: 'account', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'taskIds', type: 'uint256[]' },
    { name: 'to', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
};

/** The chain, contract and round for which a vote counts. */
export interface VoteContext {
  chainId: number;
  /** The task contract. */
  contract: Address;
  /** The round as the voter saw it: the vote is void if the chain has other commitments in it. */
  judged: RoundState;
}

const COMMITMENTS = [
  `tuple(uint256 x, uint256 y)[${MAX_TRAINERS}]`,
  `tuple(uint256 x, uint256 y)[${MAX_VALIDATORS}]`,
];

/**
 * Digest of a round's commitments in votes: keccak256(abi.encode(updates, references)) of the trainers' points in
 * their order and of the opened references' by appointment; (0, 0) for a missing one.
 */
export function commitmentsOf({ updates, references }: Pick<RoundState, 'updates' | 'references'>): Hex {
  const points = (count: number, at: (index: number) => VectorCommitment | null | undefined) =>
    Array.from({ length: count }, (_, index) => at(index)?.commitment ?? G1_INFINITY);
  const values = [
    points(MAX_TRAINERS, (index) => updates[index]),
    points(MAX_VALIDATORS, (index) => references.find((r) => r.index === index)?.opened),
  ];
  return keccak256(AbiCoder.defaultAbiCoder().encode(COMMITMENTS, values)) as Hex;
}

/** Digest of the novelty's commitment in a verdict: keccak256(abi.encode(G1Point)). */
export function noveltyHash({ x, y }: G1Point): Hex {
  return keccak256(AbiCoder.defaultAbiCoder().encode(['uint256', 'uint256'], [x, y])) as Hex;
}

/** EIP-712 domain of the task contract. */
export function voteDomain(chainId: number, contract: Address): TypedDataDomain {
  return { name: 'Chorus', version: '1', chainId, verifyingContract: contract };
}

/** The first fields of every vote. */
function aboutRound({ judged }: VoteContext) {
  return { taskId: judged.taskId, round: judged.round, commitments: commitmentsOf(judged) };
}

function verdictMessage(context: VoteContext, verdict: RoundVerdict): Record<string, unknown> {
  const { lossBefore, lossAfter } = verdict;
  return {
    ...aboutRound(context),
    unavailable: bitmapOf(verdict.unavailable),
    rejected: bitmapOf(verdict.rejected),
    novelty: noveltyHash(verdict.novelty),
    lossBefore,
    lossAfter,
  };
}

/** Sign a verdict on a round as the signer's account. */
export async function signVerdict(
  signer: Signer,
  context: VoteContext,
  verdict: RoundVerdict,
): Promise<VerdictVote> {
  const domain = voteDomain(context.chainId, context.contract);
  const signature = await signer.signTypedData(domain, VERDICT_TYPES, verdictMessage(context, verdict));
  const { lossBefore, lossAfter } = verdict;
  return { validator: await accountOf(signer), lossBefore, lossAfter, signature: signature as Hex };
}

/** Sign, as the signer's account, that a trainer's (index from 0) payload is available. */
export async function signAvailable(
  signer: Signer,
  context: VoteContext,
  trainer: number,
): Promise<AvailableVote> {
  const domain = voteDomain(context.chainId, context.contract);
  const signature = await signer.signTypedData(domain, AVAILABLE_TYPES, { ...aboutRound(context), trainer });
  return { validator: await accountOf(signer), signature: signature as Hex };
}

/** A claim that an account lets others send for it: pay its fees in a token and its rewards from these tasks. */
export interface ClaimOrder {
  account: Address;
  token: Address;
  taskIds: bigint[];
  to: Address;
  /** The account's nonce in the task contract. */
  nonce: bigint;
  /** Unix seconds. */
  deadline: number;
}

/** Sign a claim as the signer's account. */
export async function signClaim(
  signer: Signer,
  contract: { chainId: number; contract: Address },
  order: ClaimOrder,
): Promise<Hex> {
  const domain = voteDomain(contract.chainId, contract.contract);
  return (await signer.signTypedData(domain, CLAIM_TYPES, order)) as Hex;
}

/**
 * True if its validator signed the vote for exactly this verdict (its lists and novelty, and the losses in the vote)
 * on this round.
 */
export function isVerdictOf(vote: VerdictVote, context: VoteContext, found: VerdictFindings): boolean {
  const { lossBefore, lossAfter } = vote;
  const message = verdictMessage(context, { ...found, lossBefore, lossAfter });
  return isSignedBy(vote.validator, context, VERDICT_TYPES, message, vote.signature);
}

/** True if its validator signed the vote for this trainer (index from 0). */
export function isAvailableOf(vote: AvailableVote, context: VoteContext, trainer: number): boolean {
  const message = { ...aboutRound(context), trainer };
  return isSignedBy(vote.validator, context, AVAILABLE_TYPES, message, vote.signature);
}

function isSignedBy(
  account: Address,
  { chainId, contract }: VoteContext,
  types: Types,
  message: Record<string, unknown>,
  signature: Hex,
): boolean {
  try {
    return sameAddress(verifyTypedData(voteDomain(chainId, contract), types, message, signature), account);
  } catch {
    return false;
  }
}

async function accountOf(signer: Signer): Promise<Address> {
  return (await signer.getAddress()).toLowerCase() as Address;
}

/** Indices (of trainers, or of appointed validators) as the bitmap in votes. */
export function bitmapOf(indices: readonly number[]): bigint {
  return indices.reduce((bits, index) => bits | (1n << BigInt(index)), 0n);
}

/** The set bits of a bitmap, ascending. */
export function bitsOf(bitmap: bigint): number[] {
  const bits: number[] = [];
  for (let i = 0; bitmap >> BigInt(i) > 0n; i++) if ((bitmap >> BigInt(i)) & 1n) bits.push(i);
  return bits;
}
