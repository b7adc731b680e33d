import { packWords, SHARE_WORDS, unpackWords, WEIGHT_WORDS } from '@chorus/contracts';
import type { ContributionProof, G1Point, G2Point, Hex, Settlement } from '@chorus/protocol';
import type { Result } from 'ethers';
import { TASK_MANAGER } from '../abi/abis.ts';
import { decodeVote } from '../abi/decode.ts';
import { bitmapOf, bitsOf } from '../abi/signing.ts';
import { ChainError } from '../errors/errors.ts';

/**
 * A settlement as the contract takes it.
 * @throws ChainError `E_CHAIN_INVALID_SETTLEMENT`
 */
export function encodeSettlement(settlement: Settlement): object {
  const { proof } = settlement;
  try {
    return {
      weights: packWords(settlement.weights, WEIGHT_WORDS),
      shares: packWords(settlement.shares, SHARE_WORDS),
      unavailable: bitmapOf(settlement.unavailable),
      rejected: bitmapOf(settlement.rejected),
      votes: settlement.votes,
      novelty: settlement.novelty,
      aggregate: settlement.aggregate,
      proof,
    };
  } catch (cause) {
    throw new ChainError('E_CHAIN_INVALID_SETTLEMENT', 'a weight or a share is out of range', { cause });
  }
}

/**
 * The settlement inside the input data of a `settle` transaction; null for another call. Weights and shares have 16
 * entries, zero beyond the task's trainers.
 */
export function decodeSettlement(
  data: Hex,
): { taskId: bigint; round: number; settlement: Settlement } | null {
  let call: ReturnType<typeof TASK_MANAGER.parseTransaction>;
  try {
    call = TASK_MANAGER.parseTransaction({ data });
  } catch {
    return null;
  }
  if (call?.name !== 'settle') return null;
  const given = call.args.settlement as Result;
  const words = (value: Result): bigint[] => Array.from(value as Iterable<bigint>, BigInt);
  return {
    taskId: call.args.taskId,
    round: Number(call.args.round),
    settlement: {
      weights: unpackWords(words(given.weights), 16, WEIGHT_WORDS),
      shares: unpackWords(words(given.shares), 16, SHARE_WORDS),
      unavailable: bitsOf(given.unavailable),
      rejected: bitsOf(given.rejected),
      votes: Array.from(given.votes as Iterable<Result>, decodeVote),
      novelty: g1(given.novelty),
      aggregate: g1(given.aggregate),
      proof: decodeProof(given.proof),
    },
  };
}

function decodeProof(proof: Result): ContributionProof {
  const [a, b, c] = [proof.groth16.a, proof.groth16.b, proof.groth16.c] as [Result, Result, Result];
  return {
    gramHash: proof.gramHash,
    innerProduct: proof.innerProduct,
    cross: g1(proof.cross),
    quotient: g1(proof.quotient),
    evaluations: Array.from(
      proof.evaluations as Iterable<bigint>,
      BigInt,
    ) as ContributionProof['evaluations'],
    groth16: { a: g1(a), b: g2(b), c: g1(c) },
  };
}

function g1(point: Result): G1Point {
  return { x: point.x, y: point.y };
}

function g2(point: Result): G2Point {
  return { x: [point.x[0], point.x[1]], y: [point.y[0], point.y[1]] };
}
