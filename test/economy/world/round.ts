import { packWords, SHARE_WORDS, WEIGHT_WORDS } from '@chorus/contracts';
import { AbiCoder, keccak256, type Wallet } from 'ethers';
import { g1 } from '../../twins/trapdoor-prover.ts';
import { AVAILABLE, CLAIM, domainOf, pointHash, VERDICT } from '../../twins/typed-data.ts';
import type { World } from './world.ts';

export interface Point {
  x: bigint;
  y: bigint;
}

const points = new Map<number, Point>();

/** The k-th multiple of the generator: a commitment like any other. */
export function point(k: number): Point {
  const known = points.get(k) ?? g1(BigInt(k));
  points.set(k, known);
  return known;
}

export const ZERO_WORD = `0x${'00'.repeat(32)}`;
export const digestOf = (k: number): string => `0x${k.toString(16).padStart(64, '0')}`;

/** What a validator seals, and later opens. */
export function sealOf(
  taskId: bigint | number,
  round: number,
  validator: string,
  opening: { commitment: Point; digest: string; salt: string },
): string {
  const { commitment, digest, salt } = opening;
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ['uint256', 'uint256', 'address', 'uint256', 'uint256', 'bytes32', 'bytes32'],
      [taskId, round, validator, commitment.x, commitment.y, digest, salt],
    ),
  );
}

const domainIn = ({ chain, tasks }: World) => domainOf(chain.devnet.chainId, tasks.address);

export interface Verdict {
  taskId: bigint | number;
  round: number;
  commitments: string;
  unavailable: number;
  rejected: number;
  lossBefore: number;
  lossAfter: number;
}

export interface Vote {
  validator: string;
  lossBefore: number;
  lossAfter: number;
  signature: string;
}

export async function signVerdict(
  world: World,
  wallet: Wallet,
  verdict: Verdict,
  changes: object = {},
): Promise<Vote> {
  // The rule of this world has no novelty.
  const message = { ...verdict, novelty: pointHash() };
  const signature = await wallet.signTypedData({ ...domainIn(world), ...changes }, VERDICT, message);
  const { lossBefore, lossAfter } = verdict;
  return { validator: wallet.address, lossBefore, lossAfter, signature };
}

export async function signAvailable(
  world: World,
  wallet: Wallet,
  message: { taskId: bigint | number; round: number; commitments: string; trainer: number },
  changes: object = {},
): Promise<{ validator: string; signature: string }> {
  const signature = await wallet.signTypedData({ ...domainIn(world), ...changes }, AVAILABLE, message);
  return { validator: wallet.address, signature };
}

export interface ClaimMessage {
  account: string;
  token: string;
  taskIds: (bigint | number)[];
  to: string;
  nonce: bigint | number;
  deadline: number;
}

export function signClaim(
  world: World,
  wallet: Wallet,
  message: ClaimMessage,
  changes: object = {},
): Promise<string> {
  return wallet.signTypedData({ ...domainIn(world), ...changes }, CLAIM, message);
}

/** A settlement with these parts; its proof says nothing, for a verifier that accepts everything. */
export function settlement(parts: {
  weights: number[];
  shares: number[];
  unavailable?: number;
  rejected?: number;
  votes: Vote[];
}): object {
  const none = { x: 0n, y: 0n };
  return {
    weights: packWords(parts.weights, WEIGHT_WORDS),
    shares: packWords(parts.shares, SHARE_WORDS),
    unavailable: parts.unavailable ?? 0,
    rejected: parts.rejected ?? 0,
    votes: parts.votes,
    novelty: none,
    aggregate: point(5),
    proof: {
      gramHash: 0,
      innerProduct: 0,
      cross: none,
      quotient: none,
      evaluations: [0, 0, 0, 0, 0, 0],
      groth16: { a: none, b: { x: [0, 0], y: [0, 0] }, c: none },
    },
  };
}
