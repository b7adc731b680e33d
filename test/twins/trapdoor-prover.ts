import { packWords, SHARE_WORDS, WEIGHT_WORDS } from '@chorus/contracts';
import type { VerifyingKey } from '@chorus/contracts/compile';
import type { Address, ContributionProof, G1Point, G2Point, Hex, RuleName } from '@chorus/protocol';
import { bn254 } from '@noble/curves/bn254.js';
import { AbiCoder, id, keccak256 } from 'ethers';

/**
 * A prover that knows the secrets of both setups, and so needs no circuit and no large reference string: it
 * proves every statement that it is given, true or not, which is what tests of a verifier want. Written from the protocol's
 * text alone, on other libraries than the product's prover.
 */
export const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Secrets of the two setups; gamma of Groth16 is 1. */
const TRAPDOOR = {
  tau: 0x1d3f7a9b2c4e6f8091a3b5c7d9ebfd0f1e2d3c4b5a69788796a5b4c3d2e1f00fn % P,
  alpha: 0xa1fan,
  beta: 0xbe7an,
  delta: 0xde17an,
  ic: Array.from({ length: 10 }, (_, i) => BigInt(i) * 7919n + 104729n),
};

const WORD = AbiCoder.defaultAbiCoder();

const mod = (value: bigint): bigint => ((value % P) + P) % P;

function invert(value: bigint): bigint {
  let [result, base, exponent] = [1n, mod(value), P - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}

/** scalar * [1]1 */
export function g1(scalar: bigint): G1Point {
  if (mod(scalar) === 0n) return { x: 0n, y: 0n };
  return bn254.G1.Point.BASE.multiply(mod(scalar)).toAffine();
}

/** scalar * [1]2 */
export function g2(scalar: bigint): G2Point {
  const { x, y } = bn254.G2.Point.BASE.multiply(mod(scalar)).toAffine();
  return { x: [x.c0, x.c1], y: [y.c0, y.c1] };
}

/** The reference string's points that a verifier holds. */
export function trapdoorSrs() {
  const { tau } = TRAPDOOR;
  return { tauG1: g1(tau), tauG2: g2(tau), tau2G2: g2(tau * tau), origin: 'insecure-dev' as const };
}

/** The verifying key that fits the trapdoor, as snarkjs would write it. */
export function trapdoorKey(): VerifyingKey {
  const text1 = (p: G1Point): string[] => [String(p.x), String(p.y), '1'];
  const text2 = (p: G2Point): string[][] => [p.x.map(String), p.y.map(String), ['1', '0']];
  const { alpha, beta, delta, ic } = TRAPDOOR;
  return {
    protocol: 'groth16',
    curve: 'bn128',
    nPublic: 9,
    vk_alpha_1: text1(g1(alpha)),
    vk_beta_2: text2(g2(beta)),
    vk_gamma_2: text2(g2(1n)),
    vk_delta_2: text2(g2(delta)),
    IC: ic.map((scalar) => text1(g1(scalar))),
  };
}

/** Each rule's leading rows, and the name of its transcript. */
const PROTOCOLS = {
  'reference-trust': { head: 1, domain: 'chorus/contribution/v2' },
  'reference-projection': { head: 4, domain: 'chorus/contribution/v3' },
} as const;

/** What a proof is about. Vectors have `dimension` entries. */
export interface ProofInput {
  /** By default `reference-trust`. */
  rule?: RuleName;
  chainId: number;
  contract: Address;
  taskId: bigint;
  round: number;
  /** Who sends it. */
  prover: Address;
  dimension: number;
  /**
   * The rule's leading rows (the sum of the references; or of three groups of them, then the novelty), then 16 trainers';
   * null where there is nothing.
   */
  rows: (readonly bigint[] | null)[];
  weights: number[];
  shares: number[];
}

/** False statements that the prover can be asked to prove. */
export interface Lies {
  /** The vector that C_A commits to, instead of the weighted sum. */
  aggregate?: readonly bigint[];
  /** Added to one entry (i, j) of the Gram matrix. */
  gram?: { i: number; j: number; error: bigint };
  /** Public inputs of the rule's proof are those of these weights and shares. */
  rule?: { weights: number[]; shares: number[] };
  /** Evaluations are shifted by these, chosen when z is known. */
  evaluations?: (z: bigint) => bigint[];
  /** N, where it is not the power of two above the vectors' dimension. */
  length?: number;
  /** S(X) is shifted by a constant. */
  cross?: bigint;
}

const evaluate = (coefficients: readonly bigint[], at: bigint): bigint =>
  coefficients.reduceRight((sum, c) => mod(sum * at + c), 0n);

/** The commitment to a vector. */
export function commitVector(vector: readonly bigint[]): G1Point {
  return g1(evaluate(vector, TRAPDOOR.tau));
}

/** keccak256(seed, index) mod p. */
const draw = (seed: Hex, index: bigint): bigint =>
  BigInt(keccak256(WORD.encode(['bytes32', 'uint256'], [seed, index]))) % P;

const hashWords = (first: Hex, words: readonly bigint[]): Hex =>
  keccak256(WORD.encode(['bytes32', `uint256[${words.length}]`], [first, words])) as Hex;

/** Weighted sum of the trainers' rows, which are behind `head` others. */
export function weightedSum(
  rows: ProofInput['rows'],
  weights: number[],
  dimension: number,
  head = 1,
): bigint[] {
  return Array.from({ length: dimension }, (_, k) =>
    weights.reduce((sum, w, i) => sum + BigInt(w) * (rows[i + head]?.[k] ?? 0n), 0n),
  );
}

/** The settlement's aggregate and proof. */
export function proveWithTrapdoor(
  input: ProofInput,
  lies: Lies = {},
): { aggregate: G1Point; proof: ContributionProof } {
  const { rows, dimension, weights, shares } = input;
  const { tau } = TRAPDOOR;
  const { head, domain } = PROTOCOLS[input.rule ?? 'reference-trust'];
  const count = head + 16;
  const length = Math.max(2, 2 ** Math.ceil(Math.log2(dimension)));
  const row = (i: number): readonly bigint[] => rows[i] ?? [];
  const points = Array.from({ length: count }, (_, i) => commitVector(row(i)));
  const gram = Array.from({ length: count }, (_, i) =>
    Array.from({ length: count }, (_, j) => row(i).reduce((sum, u, k) => sum + u * (row(j)[k] ?? 0n), 0n)),
  );
  if (lies.gram) gram[lies.gram.i]![lies.gram.j]! += lies.gram.error;
  const aggregateVector = lies.aggregate ?? weightedSum(rows, weights, dimension, head);
  const aggregate = commitVector(aggregateVector);
  // Any number does: the simulated proof of the rule does not open it.
  const gramHash = gram.flat().reduce((hash, entry) => mod(hash * 31n + entry), 17n);

  let seed = hashWords(id(domain) as Hex, [
    BigInt(input.chainId),
    BigInt(input.contract),
    input.taskId,
    BigInt(input.round),
    BigInt(input.prover),
    16n,
    BigInt(lies.length ?? length),
    ...points.flatMap((p) => [p.x, p.y]),
    gramHash,
  ]);
  const [alpha, beta] = [draw(seed, 1n), draw(seed, 2n)];
  const powers = (base: bigint): bigint[] => {
    const list = [1n];
    while (list.length < count) list.push(mod(list.at(-1)! * base));
    return list;
  };
  const [alphas, betas] = [powers(alpha), powers(beta)];
  const combine = (scalars: bigint[]): bigint[] =>
    Array.from({ length }, (_, k) => mod(scalars.reduce((sum, s, i) => sum + s * (row(i)[k] ?? 0n), 0n)));
  const [v, w] = [combine(alphas), combine(betas)];
  const innerProduct = mod(
    gram.reduce((sum, line, i) => line.reduce((s, entry, j) => s + alphas[i]! * betas[j]! * entry, sum), 0n),
  );
  const product = new Array<bigint>(2 * length).fill(0n);
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < length; j++) product[length - 1 + i - j]! += v[i]! * w[j]!;
  }
  const s = Array.from({ length: length - 1 }, (_, k) =>
    mod(product[length + k]! + product[length - 2 - k]!),
  );
  if (lies.cross !== undefined) s[0] = mod((s[0] ?? 0n) + lies.cross);

  const weightWords = packWords(weights, WEIGHT_WORDS);
  const shareWords = packWords(shares, SHARE_WORDS);
  const cross = g1(evaluate(s, tau));
  const stated = [innerProduct, cross.x, cross.y, aggregate.x, aggregate.y, ...weightWords, ...shareWords];
  seed = hashWords(seed, stated);
  const z = draw(seed, 1n);
  const zInverse = invert(z);
  const shifts = lies.evaluations?.(z) ?? [];
  const evaluations = [v, w, s]
    .flatMap((poly) => [evaluate(poly, z), evaluate(poly, zInverse)])
    .map((e, i) => mod(e + (shifts[i] ?? 0n))) as ContributionProof['evaluations'];
  seed = hashWords(seed, evaluations);
  const gamma = draw(seed, 1n);
  const [g, gg] = [gamma, mod(gamma * gamma)];
  const [vz, vi, wz, wi, sz, si] = evaluations;
  const atZ = mod(vz + g * wz + gg * sz);
  const atInverse = mod(vi + g * wi + gg * si);
  const slope = mod((atZ - atInverse) * invert(z - zInverse));
  const offset = mod(atZ - slope * z);
  // E = sum of w_i u_i - A, claimed to be zero at z and 1/z.
  const difference = weightedSum(rows, weights, dimension, head).map(
    (e, k) => e - (aggregateVector[k] ?? 0n),
  );
  const numerator = Array.from({ length }, (_, k) =>
    mod((v[k] ?? 0n) + g * (w[k] ?? 0n) + gg * (s[k] ?? 0n) + g * gg * (difference[k] ?? 0n)),
  );
  numerator[0] = mod(numerator[0]! - offset);
  numerator[1] = mod((numerator[1] ?? 0n) - slope);
  return {
    aggregate,
    proof: {
      gramHash,
      innerProduct,
      cross,
      quotient: g1(evaluate(divide(numerator, z + zInverse), tau)),
      evaluations,
      groth16: simulate([
        alpha,
        beta,
        innerProduct,
        gramHash,
        ...packWords(lies.rule?.weights ?? weights, WEIGHT_WORDS),
        ...packWords(lies.rule?.shares ?? shares, SHARE_WORDS),
      ]),
    },
  };
}

/** Quotient of a polynomial by X^2 - sum X + 1; a liar's remainder is dropped, as there is nothing else to do. */
function divide(polynomial: readonly bigint[], sum: bigint): bigint[] {
  const rest = [...polynomial];
  const quotient = new Array<bigint>(Math.max(0, rest.length - 2)).fill(0n);
  for (let k = rest.length - 1; k >= 2; k--) {
    const lead = rest[k]!;
    quotient[k - 2] = lead;
    rest[k - 1] = mod(rest[k - 1]! + lead * sum);
    rest[k - 2] = mod(rest[k - 2]! - lead);
  }
  return quotient;
}

/** Groth16's simulator: with B = [1]2, A = alpha beta + IC(inputs) + C delta satisfies the equation. */
function simulate(inputs: bigint[]): ContributionProof['groth16'] {
  const { alpha, beta, delta, ic } = TRAPDOOR;
  const sum = inputs.reduce((total, input, i) => total + input * ic[i + 1]!, ic[0]!);
  const c = 0xc0ffeen;
  return { a: g1(alpha * beta + sum + c * delta), b: g2(1n), c: g1(c) };
}
