import { circuitArtifacts } from '@chorus/circuits';
import { verificationKeyHash } from '@chorus/proof/verify';
import {
  type Address,
  committedTrainers,
  type Hex,
  hasGroups,
  type RuleName,
  ruleId,
} from '@chorus/protocol';
import { Transaction, Wallet } from 'ethers';
import { TASK_MANAGER } from '../../../chain/src/abi/abis.ts';
import { encodeSettlement } from '../../../chain/src/contracts/settlement.ts';
import {
  vectorG1 as g1,
  vectorG2 as g2,
  type TranscriptVector,
  transcriptVectors,
} from '../../../proof/src/testing/transcript-vectors.ts';
import type { ProofMaterial } from '../records/document.ts';
import { roundMoney } from '../records/money.ts';

const account = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;
const digest = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const validator = (n: number) => account(0xb000 + n);

/**
 * The proven rounds of `test/vectors/transcript` on a development chain as the chain would have recorded them: each leading
 * row is one reference, and the money follows from a budget of a million.
 */
export function vectorRounds(rule: RuleName): { name: string; material: ProofMaterial }[] {
  const { srs, cases } = transcriptVectors(rule);
  const { verificationKey } = circuitArtifacts(16, rule);
  const gramOf = new Map(cases.map(({ name, gram }) => [name, gram.map((row) => row.map(BigInt))]));
  return cases
    .filter(({ statement }) => statement.n === 16 && statement.chainId === 31337)
    .map((given) => ({ name: given.name, ...sentBy(recordsOf(given, rule)) }))
    .map(({ name, records, transaction }) => ({
      name,
      material: {
        records,
        transaction,
        verifier: {
          verifyingKeyHash: verificationKeyHash(verificationKey),
          srs: {
            origin: srs.origin,
            tauG1: g1(srs.tauG1),
            tauG2: g2(srs.tauG2),
            tau2G2: g2(srs.tau2G2),
          },
        },
        gram: gramOf.get(name)!,
        missing: null,
        decimals: 18,
      },
    }));
}

/** Any account. */
const SENDER = new Wallet(`0x${'5e'.repeat(32)}`);

/** The records with the transaction that the contract would have got them by. */
function sentBy(records: ProofMaterial['records']): Pick<ProofMaterial, 'records' | 'transaction'> {
  const { task, settled, settlement, chainId, contract } = records;
  const args = [task.id, settled.round, encodeSettlement({ ...settlement, votes: [] })];
  const transaction = Transaction.from({
    type: 2,
    chainId,
    to: contract,
    data: TASK_MANAGER.encodeFunctionData('settle', args),
    gasLimit: 2_000_000n,
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
    nonce: 3,
  });
  transaction.signature = SENDER.signingKey.sign(transaction.unsignedHash);
  const hash = transaction.hash as Hex;
  return {
    records: { ...records, settled: { ...settled, transaction: hash } },
    transaction: transaction.serialized as Hex,
  };
}

function recordsOf(
  { dimension, statement: s, gram, proof }: TranscriptVector,
  rule: RuleName,
): ProofMaterial['records'] {
  const groups = hasGroups(rule) ? 3 : 1;
  const head = hasGroups(rule) ? 4 : 1;
  const count = gram.length - head;
  const commitments = s.commitments.map(g1);
  const task = {
    id: BigInt(s.taskId),
    token: account(1),
    rule: ruleId(rule),
    dimension,
    rounds: s.round,
    trainers: Array.from({ length: count }, (_, i) => account(0xa000 + i)),
    validators: Array.from({ length: groups }, (_, i) => validator(i)),
    verifier: account(2),
    protocolFeeBps: 100,
    aggregatorFeeBps: 300,
    validatorFeeBps: 200,
    stagnationBps: 5_000,
    minShareBps: 0,
  };
  const round = {
    references: Array.from({ length: groups }, (_, i) => ({
      validator: validator(i),
      index: i,
      seal: null,
      opened: { commitment: commitments[i]!, digest: digest(i) },
    })),
    updates: commitments
      .slice(head, head + count)
      .map((commitment, i) => (commitment.x === 0n ? null : { commitment, digest: digest(100 + i) })),
  };
  const [weights, shares] = [s.weights.slice(0, count), s.shares.slice(0, count)];
  const sent = { weights, shares, unavailable: [], rejected: [], aggregate: g1(s.aggregate) };
  const recorded = {
    ...sent,
    taskId: task.id,
    round: s.round,
    aggregator: s.prover,
    budget: 1_000_000n,
    lossBefore: 2_000_000n,
    lossAfter: 1_900_000n,
    transaction: digest(7),
    block: 9,
    gasUsed: 600_000n,
  };
  const unpaid = { ...recorded, rewards: [], pool: 0n, protocolFee: 0n, aggregatorFee: 0n, validatorFee: 0n };
  const { rewards, pool, protocolFee, aggregatorFee, validatorFee } = roundMoney(
    task,
    unpaid,
    groups,
    committedTrainers(round).length,
  );
  const { a, b, c } = proof.groth16;
  const [vz, vi, wz, wi, sz, si] = proof.evaluations.map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return {
    chainId: s.chainId,
    contract: s.contract,
    task,
    round,
    settled: { ...recorded, rewards, pool, protocolFee, aggregatorFee, validatorFee },
    settlement: {
      ...structuredClone(sent),
      novelty: hasGroups(rule) ? commitments[3]! : { x: 0n, y: 0n },
      proof: {
        gramHash: BigInt(proof.gramHash),
        innerProduct: BigInt(proof.innerProduct),
        cross: g1(proof.cross),
        quotient: g1(proof.quotient),
        evaluations: [vz, vi, wz, wi, sz, si],
        groth16: { a: g1(a), b: g2(b), c: g1(c) },
      },
    },
  };
}
