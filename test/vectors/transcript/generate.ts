/**
 * Writes the vectors of one rule: rounds with every challenge of the transcript and a complete valid proof under the
 * development reference string, for the contracts and for other verifiers. All numbers are decimal strings.
 * Run: node --conditions=@chorus/source test/vectors/transcript/generate.ts reference-projection
 *
 * Groth16 proofs are randomised, so each run writes other (equally valid) points a, b, c; the rest is deterministic.
 */
import { writeFileSync } from 'node:fs';
import { aggregate, gramMatrix, ruleById, sumReferences } from '@chorus/aggregation';
import { circuitArtifacts, circuitName } from '@chorus/circuits';
import { createCommitter, developmentSrs } from '@chorus/commitment';
import {
  createProver,
  foldChallenge,
  matrixChallenges,
  packedWords,
  pointChallenge,
  roundStatement,
  verifyContribution,
} from '@chorus/proof';
import { type G1Point, hasGroups, RULE_NAMES, referenceGroups } from '@chorus/protocol';
import { generator } from '../../random.ts';

const rule = RULE_NAMES.find((name) => name === process.argv[2]);
if (rule === undefined) throw new Error(`name a rule: ${RULE_NAMES.join(', ')}`);
const file = { 'reference-trust': 'transcript.json', 'reference-projection': 'projection.json' }[rule];

interface Round {
  name: string;
  log2Size: number;
  dimension: number;
  chainId: number;
  taskId: bigint;
  round: number;
  references: Int16Array[];
  updates: (Int16Array | null)[];
  /** What is new is what is left of the references' sum without its part along this; only with groups. */
  known: Int16Array;
}

/** Trainers pulled by `pull` towards one hidden direction; null is an absent trainer. */
function makeRound(
  name: string,
  seed: number,
  log2Size: number,
  dimension: number,
  pulls: (number | null)[],
  validators: number,
): Round {
  const random = generator(seed);
  const direction = Array.from({ length: dimension }, () => random() - 0.5);
  const noisy = (pull: number): Int16Array =>
    Int16Array.from(direction, (x) => Math.round(600 * pull * x + 300 * (random() - 0.5)));
  return {
    name,
    log2Size,
    dimension,
    chainId: 31337,
    taskId: BigInt(seed),
    round: 1 + (seed % 7),
    references: Array.from({ length: validators }, () => noisy(1)),
    updates: pulls.map((pull) => (pull === null ? null : noisy(pull))),
    known: noisy(0.3),
  };
}

/** The rule's leading rows. */
function headOf({ references, known, dimension }: Round): Int32Array[] {
  const sum = (vectors: Int16Array[]): Int32Array =>
    vectors.length === 0 ? new Int32Array(dimension) : sumReferences(vectors);
  const all = sum(references);
  if (!hasGroups(rule!)) return [all];
  const product = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((total, x, k) => total + x * b[k]!, 0);
  const part = product(all, known) / product(known, known);
  const groups = referenceGroups(
    references.map((vector, index) => ({ index, vector })),
    references.length,
  ).map((group) => sum(group.map(({ vector }) => vector)));
  return [...groups, Int32Array.from(all, (x, k) => Math.round(x - part * known[k]!))];
}

const many = Array.from({ length: 16 }, (_, i) => 0.4 + 0.05 * i);
const rounds: Round[] = [
  makeRound('one trainer', 1, 4, 16, [1], 1),
  makeRound('four trainers, one of them absent', 2, 4, 13, [1, null, 0.7, 1.2], 2),
  makeRound('all rejected: the aggregate is infinity', 3, 5, 32, [-1, -0.5, -2], 1),
  makeRound('sixteen trainers, d = 2^10', 4, 10, 1024, many, 3),
  makeRound('five trainers, one poisoner', 5, 10, 1000, [1, 0.9, 1.1, 0.8, -3], 1),
  makeRound('sixteen trainers, d = 2^18', 6, 18, 2 ** 18, many, 3),
];

const contract = '0x00000000000000000000000000000000c0ffee01' as const;
const settler = '0x00000000000000000000000000000000000000a1' as const;
const point = ({ x, y }: G1Point): [string, string] => [String(x), String(y)];
const circuit = circuitArtifacts(16, rule);
const cases: object[] = [];
for (const r of rounds) {
  const srs = await developmentSrs(r.log2Size);
  const committer = await createCommitter(srs);
  const references = await Promise.all(r.references.map((v) => committer.commit(v)));
  const updates = await Promise.all(r.updates.map((v) => (v === null ? null : committer.commit(v))));
  const head = headOf(r);
  const present = r.updates.map((v) => v ?? new Int16Array(r.dimension));
  const { weights, shares } = ruleById(rule).apply(gramMatrix([...head, ...present]));
  const total = aggregate(r.updates, weights);
  const statement = roundStatement({
    rule,
    chainId: r.chainId,
    contract,
    taskId: r.taskId,
    round: r.round,
    prover: settler,
    N: 2 ** r.log2Size,
    references: references.map((commitment, index) => ({ index, commitment })),
    appointed: references.length,
    novelty: hasGroups(rule) ? await committer.commitIntegers(head[3]!) : null,
    updates,
    weights,
    shares,
    aggregate: await committer.commitIntegers(total),
  });
  await committer.close();
  const prover = await createProver({ srs, circuits: () => circuit });
  const { proof, gram } = await prover.prove(statement, [...head, ...r.updates]);
  await prover.close();
  const checks = await verifyContribution(statement, proof, { srs, verificationKey: circuit.verificationKey });
  if (!checks.every((c) => c.ok)) throw new Error(`${r.name}: ${JSON.stringify(checks)}`);

  const { seed0, alpha, beta } = matrixChallenges(statement, proof.gramHash);
  const { seed1, z } = pointChallenge(statement, seed0, proof.innerProduct, proof.cross);
  const { seed2, gamma } = foldChallenge(seed1, proof.evaluations);
  const words = packedWords(statement);
  cases.push({
    name: r.name,
    dimension: r.dimension,
    statement: {
      chainId: statement.chainId,
      contract,
      taskId: String(statement.taskId),
      round: statement.round,
      prover: settler,
      n: statement.size,
      N: statement.N,
      commitments: statement.commitments.map(point),
      weights: statement.weights,
      shares: statement.shares,
      aggregate: point(statement.aggregate),
    },
    ...(r.dimension <= 64 && {
      vectors: {
        ...(hasGroups(rule) ? { head: head.map((row) => [...row]) } : { reference: [...head[0]!] }),
        updates: r.updates.map((v) => v && [...v]),
      },
    }),
    gram: gram.map((row) => row.map(String)),
    weightsWords: words.weights.map(String),
    sharesWords: words.shares.map(String),
    transcript: {
      seed0: String(seed0),
      alpha: String(alpha),
      beta: String(beta),
      seed1: String(seed1),
      z: String(z),
      seed2: String(seed2),
      gamma: String(gamma),
    },
    proof: {
      gramHash: String(proof.gramHash),
      innerProduct: String(proof.innerProduct),
      cross: point(proof.cross),
      quotient: point(proof.quotient),
      evaluations: proof.evaluations.map(String),
      groth16: {
        a: point(proof.groth16.a),
        b: { x: proof.groth16.b.x.map(String), y: proof.groth16.b.y.map(String) },
        c: point(proof.groth16.c),
      },
    },
  });
  console.error(r.name);
}

const { tauG1, g2, tauG2, tau2G2, digest } = await developmentSrs(4);
const inG2 = (p: typeof g2): object => ({ x: p.x.map(String), y: p.y.map(String) });
const document = {
  version: 1,
  note: 'Coordinates in G2 are [c0, c1] of c0 + c1 u; the precompile of EIP-197 takes c1 first. (0, 0) is infinity.',
  srs: {
    origin: 'insecure-dev',
    digest,
    tauG1: point(tauG1),
    g2: inG2(g2),
    tauG2: inG2(tauG2),
    tau2G2: inG2(tau2G2),
  },
  circuit: circuitName(16, rule),
  cases,
};
writeFileSync(new URL(file, import.meta.url), `${JSON.stringify(document, null, 1)}\n`);
