import type { RoundProof } from '@chorus/admin-api';
import { g1FromHex, g1ToHex, g2FromHex, g2ToHex, scalarFromHex, scalarToHex } from '@chorus/proof/verify';
import {
  type Address,
  ChorusError,
  type ContributionProof,
  type Hex,
  type VectorCommitment,
} from '@chorus/protocol';
import type { HeldKeys } from './check-records.ts';
import type { RoundRecords } from './records.ts';

/** All that a settled round is checked and explained with. */
export interface ProofMaterial {
  records: RoundRecords;
  verifier: HeldKeys;
  /** The transaction of the settlement as it was signed; null if the chain's endpoint does not give it. */
  transaction: Hex | null;
  /** The Gram matrix; null if no peer has it, for the reason in `missing`. */
  gram: bigint[][] | null;
  missing: string | null;
  /** Of the task's token; null while the chain does not say. */
  decimals: number | null;
}

/** The material as a document of the admin API. */
export function toRoundProof({
  records,
  verifier,
  transaction,
  gram,
  missing,
  decimals,
}: ProofMaterial): RoundProof {
  const { chainId, contract, task, round, settled, settlement } = records;
  const { proof } = settlement;
  const { srs, verifyingKeyHash } = verifier;
  const vectorHex = (v: VectorCommitment | null) =>
    v && { commitment: g1ToHex(v.commitment), digest: v.digest.toLowerCase() };
  return {
    chainId,
    contract,
    task: {
      id: `${task.id}`,
      token: task.token,
      decimals,
      rule: task.rule,
      dimension: task.dimension,
      rounds: task.rounds,
      trainers: task.trainers,
      validators: task.validators,
      verifier: task.verifier,
      protocolFeeBps: task.protocolFeeBps,
      aggregatorFeeBps: task.aggregatorFeeBps,
      validatorFeeBps: task.validatorFeeBps,
      stagnationBps: task.stagnationBps,
      minShareBps: task.minShareBps,
    },
    updates: round.updates.map(vectorHex),
    references: round.references.map(({ validator, index, opened }) => ({
      validator,
      index,
      opened: vectorHex(opened),
    })),
    settled: {
      round: settled.round,
      aggregator: settled.aggregator,
      weights: settled.weights,
      shares: settled.shares,
      rewards: settled.rewards.map(String),
      unavailable: settled.unavailable,
      rejected: settled.rejected,
      aggregate: g1ToHex(settled.aggregate),
      protocolFee: `${settled.protocolFee}`,
      aggregatorFee: `${settled.aggregatorFee}`,
      validatorFee: `${settled.validatorFee}`,
      lossBefore: `${settled.lossBefore}`,
      lossAfter: `${settled.lossAfter}`,
      budget: `${settled.budget}`,
      pool: `${settled.pool}`,
      transaction: settled.transaction,
      block: settled.block,
      gasUsed: `${settled.gasUsed}`,
    },
    settlement: {
      weights: settlement.weights,
      shares: settlement.shares,
      unavailable: settlement.unavailable,
      rejected: settlement.rejected,
      novelty: g1ToHex(settlement.novelty),
      aggregate: g1ToHex(settlement.aggregate),
      proof: {
        gramHash: scalarToHex(proof.gramHash),
        innerProduct: scalarToHex(proof.innerProduct),
        cross: g1ToHex(proof.cross),
        quotient: g1ToHex(proof.quotient),
        evaluations: proof.evaluations.map(scalarToHex),
        groth16: {
          a: g1ToHex(proof.groth16.a),
          b: g2ToHex(proof.groth16.b),
          c: g1ToHex(proof.groth16.c),
        },
      },
    },
    verifier: {
      verifyingKeyHash,
      srs: {
        origin: srs.origin,
        tauG1: g1ToHex(srs.tauG1),
        tauG2: g2ToHex(srs.tauG2),
        tau2G2: g2ToHex(srs.tau2G2),
      },
    },
    transaction,
    gram: gram?.map((row) => row.map(String)) ?? null,
    missing,
  };
}

/**
 * The material of a document. It says nothing about whether anything in it holds; spellings that the checks could
 * mistake for another value are refused.
 * @throws ChorusError `E_ROUND_PROOF`
 */
export function fromRoundProof(document: RoundProof): ProofMaterial {
  try {
    const { task, settled, settlement, verifier } = document;
    const { srs } = verifier;
    return {
      records: {
        chainId: document.chainId,
        contract: document.contract as Address,
        task: {
          ...task,
          id: whole(task.id),
          token: task.token as Address,
          rule: task.rule as Hex,
          trainers: task.trainers as Address[],
          validators: task.validators as Address[],
          verifier: task.verifier as Address,
          rounds: count(task.rounds),
          protocolFeeBps: count(task.protocolFeeBps),
          aggregatorFeeBps: count(task.aggregatorFeeBps),
          validatorFeeBps: count(task.validatorFeeBps),
          stagnationBps: count(task.stagnationBps),
          minShareBps: count(task.minShareBps),
        },
        round: {
          updates: document.updates.map(vector),
          references: document.references.map(({ validator, index, opened }) => ({
            validator: validator as Address,
            index,
            seal: null,
            opened: vector(opened),
          })),
        },
        settled: {
          ...settled,
          taskId: whole(task.id),
          aggregator: settled.aggregator as Address,
          rewards: settled.rewards.map(whole),
          unavailable: settled.unavailable.map(count),
          rejected: settled.rejected.map(count),
          aggregate: g1(settled.aggregate),
          protocolFee: whole(settled.protocolFee),
          aggregatorFee: whole(settled.aggregatorFee),
          validatorFee: whole(settled.validatorFee),
          lossBefore: whole(settled.lossBefore),
          lossAfter: whole(settled.lossAfter),
          budget: whole(settled.budget),
          pool: whole(settled.pool),
          transaction: settled.transaction as Hex,
          gasUsed: whole(settled.gasUsed),
        },
        settlement: {
          ...settlement,
          unavailable: settlement.unavailable.map(count),
          rejected: settlement.rejected.map(count),
          novelty: g1(settlement.novelty),
          aggregate: g1(settlement.aggregate),
          proof: proofOf(settlement.proof),
        },
      },
      verifier: {
        verifyingKeyHash: verifier.verifyingKeyHash as Hex,
        srs: { origin: srs.origin, tauG1: g1(srs.tauG1), tauG2: g2(srs.tauG2), tau2G2: g2(srs.tau2G2) },
      },
      transaction: document.transaction as Hex | null,
      gram: document.gram?.map((row) => row.map(whole)) ?? null,
      missing: document.missing,
      decimals: task.decimals,
    };
  } catch (cause) {
    throw new ChorusError('E_ROUND_PROOF', 'the records of the round cannot be read', {
      hint: 'the node and the reader may be of different versions',
      cause,
    });
  }
}

function proofOf(proof: RoundProof['settlement']['proof']): ContributionProof {
  const { a, b, c } = proof.groth16;
  return {
    gramHash: scalar(proof.gramHash),
    innerProduct: scalar(proof.innerProduct),
    cross: g1(proof.cross),
    quotient: g1(proof.quotient),
    evaluations: proof.evaluations.map(scalar) as ContributionProof['evaluations'],
    groth16: { a: g1(a), b: g2(b), c: g1(c) },
  };
}

const vector = (v: RoundProof['updates'][number]): VectorCommitment | null =>
  v && { commitment: g1(v.commitment), digest: v.digest as Hex };
const scalar = (text: string) => scalarFromHex(hexOf(text, 32));
const g1 = (text: string) => g1FromHex(hexOf(text, 64));
const g2 = (text: string) => g2FromHex(hexOf(text, 128));

function hexOf(text: string, bytes: number): string {
  // Other letters are refused when it becomes a number.
  if (text.length === 2 + 2 * bytes && text.startsWith('0x')) return text;
  throw new RangeError(`not ${bytes} bytes of hex`);
}

function whole(text: string): bigint {
  if (/^-?\d{1,78}$/.test(text)) return BigInt(text);
  throw new RangeError('not a whole number');
}

function count(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError('not a number of something');
}
