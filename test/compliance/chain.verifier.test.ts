import { ChainError, type Devnet, decodeRevert, startDevnet } from '@chorus/chain';
import { contributionVerifier, packWords, SHARE_WORDS, WEIGHT_WORDS } from '@chorus/contracts';
import type { CompiledContract } from '@chorus/contracts/compile';
import {
  type Address,
  type ContributionProof,
  type G1Point,
  type Hex,
  hasGroups,
  RULE_NAMES,
  SHARE_ONE,
} from '@chorus/protocol';
import { Contract, ContractFactory, JsonRpcProvider, Wallet } from 'ethers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  commitVector,
  g1,
  g2,
  type Lies,
  P,
  type ProofInput,
  proveWithTrapdoor,
  trapdoorSrs,
} from '../twins/trapdoor-prover.ts';
import { trapdoorVerifiers } from '../twins/verifiers.ts';

const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const SENDER: Address = '0x000000000000000000000000000000000000005e';
const TASKS: Address = '0x00000000000000000000000000000000000c0de5';

interface Statement {
  taskContract: Address;
  taskId: bigint;
  round: number;
  prover: Address;
  dimension: number;
  commitments: G1Point[];
  weights: bigint[];
  shares: bigint[];
  aggregate: G1Point;
}

/** Both at once: compiling takes a while. */
let contracts: CompiledContract[] | undefined;
function compiled(): CompiledContract[] {
  contracts ??= trapdoorVerifiers(RULE_NAMES);
  return contracts;
}

/** Rows of a statement before the trainers'; a rule that has one leading row leaves the others empty. */
const HEAD = 4;

describe.each(RULE_NAMES)(
  'the verifier of %s, with a key and a reference string whose secrets are known',
  (rule) => {
    const head = hasGroups(rule) ? HEAD : 1;

    /** Three trainers of sixteen take part; vectors of 13 entries, so N = 16. */
    const input = (changes: Partial<ProofInput> = {}): ProofInput => ({
      rule,
      chainId: 31337,
      contract: TASKS,
      taskId: 3n,
      round: 2,
      prover: SENDER,
      dimension: 13,
      rows: Array.from({ length: head + 16 }, (_, i) =>
        i < head + 3 ? Array.from({ length: 13 }, (_, k) => BigInt(((i * 37 + k * 11) % 41) - 20)) : null,
      ),
      weights: [30000, 20000, 15536],
      shares: [SHARE_ONE / 2, SHARE_ONE / 4, 7],
      ...changes,
    });

    function statementOf(given: ProofInput, aggregate: G1Point): Statement {
      const points = Array.from({ length: head + 16 }, (_, i) => commitVector(given.rows[i] ?? []));
      const unused = new Array<G1Point>(HEAD - head).fill({ x: 0n, y: 0n });
      return {
        taskContract: given.contract,
        taskId: given.taskId,
        round: given.round,
        prover: given.prover,
        dimension: given.dimension,
        commitments: [...points.slice(0, head), ...unused, ...points.slice(head)],
        weights: packWords(given.weights, WEIGHT_WORDS),
        shares: packWords(given.shares, SHARE_WORDS),
        aggregate,
      };
    }

    let devnet: Devnet;
    let provider: JsonRpcProvider;
    let verifier: Contract;
    let artifact: CompiledContract;
    const honest = input();

    const deploy = async (srs = trapdoorSrs()): Promise<Contract> => {
      const wallet = new Wallet(devnet.privateKeys[0]!, provider);
      const factory = new ContractFactory([...artifact.abi] as never, artifact.bytecode, wallet);
      const { tauG1, tauG2, tau2G2, origin } = srs;
      const insecureDev = origin === 'insecure-dev';
      const contract = await factory.deploy({ tau1: tauG1, tau2: tauG2, tauSquared2: tau2G2, insecureDev });
      await contract.waitForDeployment();
      return new Contract(await contract.getAddress(), [...contributionVerifier.abi], provider);
    };

    /** The name of the check that refused; null if all hold. */
    const check = async (statement: Statement, proof: ContributionProof): Promise<string | null> => {
      try {
        await verifier.getFunction('verify').staticCall(statement, proof);
        return null;
      } catch (error) {
        const known = decodeRevert((error as { data: Hex }).data, 'verify');
        if (!(known instanceof ChainError)) throw error;
        return String(known.facts.check);
      }
    };

    const prove = (given: ProofInput = honest, lies: Lies = {}) => {
      const { aggregate, proof } = proveWithTrapdoor(given, lies);
      return { statement: statementOf(given, aggregate), proof };
    };

    beforeAll(async () => {
      artifact = compiled()[RULE_NAMES.indexOf(rule)]!;
      devnet = await startDevnet();
      provider = new JsonRpcProvider(devnet.url, 31337, { staticNetwork: true, cacheTimeout: -1 });
      provider.pollingInterval = 20;
      verifier = await deploy();
    });
    afterAll(async () => {
      provider?.destroy();
      await devnet?.close();
    });

    it('the verifier accepts an honest proof for any number of trainers and any dimension', async () => {
      for (const dimension of [1, 2, 13, 16, 17]) {
        for (const trainers of [1, 3, 16]) {
          const rows = Array.from({ length: head + 16 }, (_, i) =>
            i < head + trainers
              ? Array.from({ length: dimension }, (_, k) => BigInt(i * k * 7 - 30 + i))
              : null,
          );
          const weights = Array.from({ length: trainers }, (_, i) => 4096 - i);
          const shares = Array.from({ length: trainers }, (_, i) => 2 ** 28 - i);
          const { statement, proof } = prove(input({ dimension, rows, weights, shares }));
          expect(await check(statement, proof), `d = ${dimension}, n = ${trainers}`).toBeNull();
        }
      }
    });

    it('the verifier accepts a round in which no trainer gets anything: the aggregate is infinity', async () => {
      const { statement, proof } = prove(input({ weights: [0, 0, 0], shares: [0, 0, 0] }));
      expect(statement.aggregate).toEqual({ x: 0n, y: 0n });
      expect(await check(statement, proof)).toBeNull();
    });

    it('the verifier says how many leading rows its rule has', async () => {
      expect(await verifier.getFunction('headRows')()).toBe(BigInt(head));
    });

    it('the verifier refuses what the other rule’s prover proves of the same vectors', async () => {
      const other = RULE_NAMES.find((name) => name !== rule)!;
      const { rows } = honest;
      // The one has its groups summed to one row, the other its one row as each group and as the novelty.
      const sum = rows[0]!.map((_, k) => rows.slice(0, 3).reduce((total, row) => total + row![k]!, 0n));
      const leading = head === 1 ? [rows[0]!, rows[0]!, rows[0]!, rows[0]!] : [sum];
      const told = proveWithTrapdoor({ ...honest, rule: other, rows: [...leading, ...rows.slice(head)] });
      expect(await check(statementOf(honest, told.aggregate), told.proof)).not.toBeNull();
    });

    it('the verifier refuses one forged entry of the Gram matrix', async () => {
      const { statement, proof } = prove(honest, { gram: { i: 1, j: 2, error: 1n } });
      expect(await check(statement, proof)).toBe('InnerProductMismatch');
    });

    it('the verifier refuses a forged entry hidden by a matching S', async () => {
      // c is off by one unit of alpha beta^2; a constant added to S cannot make up for it at both z and 1/z.
      const { statement, proof } = prove(honest, { gram: { i: 1, j: 2, error: 1n }, cross: 5n });
      expect(await check(statement, proof)).toBe('InnerProductMismatch');
    });

    it('the verifier refuses any altered evaluation', async () => {
      for (let k = 0; k < 6; k++) {
        const evaluations = (): bigint[] => Array.from({ length: 6 }, (_, i) => (i === k ? 1n : 0n));
        const { statement, proof } = prove(honest, { evaluations });
        expect(await check(statement, proof), `evaluation ${k}`).toBe('InnerProductMismatch');
      }
    });

    it('the verifier refuses evaluations that satisfy the inner product but are not those of the polynomials', async () => {
      // z S(z) + S(1/z) / z stays the same.
      const evaluations = (z: bigint): bigint[] => [0n, 0n, 0n, 0n, 1n, P - ((z * z) % P)];
      const { statement, proof } = prove(honest, { evaluations });
      expect(await check(statement, proof)).toBe('OpeningFailed');
    });

    it('the verifier refuses an aggregate that is not the weighted sum, and says so', async () => {
      const { statement, proof } = prove(honest, { aggregate: honest.rows[head]! });
      expect(await check(statement, proof)).toBe('WrongAggregate');
    });

    it('the verifier refuses weights or shares that the rule’s proof is not for', async () => {
      const weights = [30001, 20000, 15535];
      const forWeights = prove(input({ weights }), {
        rule: { weights: honest.weights, shares: honest.shares },
      });
      expect(await check(forWeights.statement, forWeights.proof)).toBe('RuleProofFailed');
      const shares = [SHARE_ONE / 2, SHARE_ONE / 4 + 1, 6];
      const forShares = prove(input({ shares }), {
        rule: { weights: honest.weights, shares: honest.shares },
      });
      expect(await check(forShares.statement, forShares.proof)).toBe('RuleProofFailed');
    });

    it('the verifier refuses a proof for any other single value of the statement', async () => {
      const { statement, proof } = prove();
      const commitments = (change: (points: G1Point[]) => void): Partial<Statement> => {
        const points = structuredClone(statement.commitments);
        change(points);
        return { commitments: points };
      };
      const changes: Record<string, Partial<Statement>> = {
        'another contract': { taskContract: '0x0000000000000000000000000000000000000001' },
        'another task': { taskId: 4n },
        'a stale round': { round: 3 },
        'another sender': { prover: '0x000000000000000000000000000000000000005f' },
        'another vector length': { dimension: 17 },
        'a dropped trainer': commitments((p) => p.splice(HEAD + 2, 1, { x: 0n, y: 0n })),
        'a repeated trainer': commitments((p) => p.splice(HEAD + 3, 1, p[HEAD + 2]!)),
        'swapped commitments': commitments((p) => p.splice(HEAD, 2, p[HEAD + 1]!, p[HEAD]!)),
        'a trainer in a leading row’s place': commitments((p) => p.splice(0, 1, p[HEAD]!)),
        'another reference': commitments((p) => p.splice(0, 1, g1(99n))),
        'another sum of a group': commitments((p) => p.splice(1, 1, g1(99n))),
        'swapped groups': commitments((p) => p.splice(0, 2, p[1]!, p[0]!)),
        'another novelty': commitments((p) => p.splice(3, 1, g1(99n))),
        'the first group’s sum as novelty': commitments((p) => p.splice(3, 1, p[0]!)),
        'one weight': { weights: [statement.weights[0]! + 1n, 0n] },
        'one share': { shares: [statement.shares[0]! + 1n, 0n, 0n] },
        'another aggregate': { aggregate: g1(5n) },
      };
      for (const [name, change] of Object.entries(changes)) {
        expect(await check({ ...statement, ...change }, proof), name).not.toBeNull();
      }
    });

    it('the verifier refuses another chain’s proof', async () => {
      const { aggregate, proof } = proveWithTrapdoor(input({ chainId: 1 }));
      expect(await check(statementOf(honest, aggregate), proof)).not.toBeNull();
    });

    it('the verifier refuses a proof with any single message altered', async () => {
      const { statement, proof } = prove();
      const other = g1(4242n);
      const changes: Partial<ContributionProof>[] = [
        { gramHash: proof.gramHash + 1n },
        { innerProduct: proof.innerProduct + 1n },
        { cross: other },
        { quotient: other },
        { cross: { x: 0n, y: 0n } },
        { quotient: { x: 0n, y: 0n } },
        { groth16: { ...proof.groth16, a: other } },
        { groth16: { ...proof.groth16, b: g2(2n) } },
        { groth16: { ...proof.groth16, c: other } },
        { groth16: { a: { x: 0n, y: 0n }, b: proof.groth16.b, c: { x: 0n, y: 0n } } },
      ];
      for (const change of changes) expect(await check(statement, { ...proof, ...change })).not.toBeNull();
    });

    it('the verifier accepts random rounds, and refuses each of them with any single word changed', async () => {
      const entry = fc.bigInt({ min: -32767n, max: 32767n });
      const share = fc.integer({ min: 0, max: 2 ** 28 });
      const round = fc.record({
        dimension: fc.integer({ min: 2, max: 9 }),
        trainers: fc.integer({ min: 1, max: 16 }),
        entries: fc.array(entry, { minLength: 9 * 20, maxLength: 9 * 20 }),
        weights: fc.array(fc.integer({ min: 0, max: 4096 }), { minLength: 16, maxLength: 16 }),
        shares: fc.array(share, { minLength: 16, maxLength: 16 }),
        word: fc.nat({ max: WORDS - 1 }),
        bit: fc.nat({ max: 253 }),
      });
      await fc.assert(
        fc.asyncProperty(round, async ({ dimension, trainers, entries, weights, shares, word, bit }) => {
          const rows = Array.from({ length: head + 16 }, (_, i) =>
            i < head + trainers ? entries.slice(9 * i, 9 * i + dimension) : null,
          );
          const [w, s] = [weights.slice(0, trainers), shares.slice(0, trainers)];
          const { statement, proof } = prove(input({ dimension, rows, weights: w, shares: s }));
          expect(await check(statement, proof)).toBeNull();
          // One bit of one word of the call's data, as an attacker would change it.
          const altered = flipped(
            verifier.interface.encodeFunctionData('verify', [statement, proof]),
            word,
            bit,
          );
          await expect(provider.call({ to: await verifier.getAddress(), data: altered })).rejects.toThrow();
        }),
        { numRuns: 60 },
      );
    });

    it('the verifier refuses field elements that are not canonical', async () => {
      const { statement, proof } = prove();
      const name = 'NonCanonicalField';
      expect(await check(statement, { ...proof, gramHash: proof.gramHash + P })).toBe(name);
      expect(await check(statement, { ...proof, innerProduct: proof.innerProduct + P })).toBe(name);
      for (let k = 0; k < 6; k++) {
        const evaluations = [...proof.evaluations] as ContributionProof['evaluations'];
        evaluations[k]! += P;
        expect(await check(statement, { ...proof, evaluations })).toBe(name);
      }
    });

    it('the verifier refuses packed words with bits past their end', async () => {
      const { statement, proof } = prove();
      const over = (words: bigint[], k: number, bit: bigint): bigint[] =>
        words.map((word, i) => (i === k ? word | (1n << bit) : word));
      const { weights, shares } = statement;
      const changes: Partial<Statement>[] = [
        { weights: over(weights, 0, 238n) },
        { weights: over(weights, 1, 34n) },
        { shares: over(shares, 0, 231n) },
        { shares: over(shares, 1, 231n) },
        { shares: over(shares, 2, 66n) },
        { shares: [shares[0]! + P, shares[1]!, shares[2]!] },
      ];
      for (const change of changes) {
        expect(await check({ ...statement, ...change }, proof)).toBe('NonCanonicalWords');
      }
    });

    it('the verifier refuses points off the curve or not canonical', async () => {
      const { statement, proof } = prove();
      const { groth16, cross } = proof;
      const off: G1Point = { x: 1n, y: 3n };
      const b = groth16.b;
      const proofs: Partial<ContributionProof>[] = [
        { cross: off },
        { cross: { x: cross.x + Q, y: cross.y } },
        { cross: { x: cross.x, y: cross.y + Q } },
        { quotient: off },
        { groth16: { ...groth16, a: off } },
        { groth16: { ...groth16, c: off } },
        { groth16: { ...groth16, b: { x: b.x, y: [b.y[0] + 1n, b.y[1]] } } },
        { groth16: { ...groth16, b: { x: [b.x[0] + Q, b.x[1]], y: b.y } } },
        // On the twist, but not in the subgroup of order p: the cofactor of G2 is large.
        { groth16: { ...groth16, b: OUTSIDE_SUBGROUP } },
      ];
      for (const change of proofs)
        expect(await check(statement, { ...proof, ...change })).toBe('PointNotOnCurve');
      expect(await check({ ...statement, aggregate: off }, proof)).toBe('PointNotOnCurve');
    });

    it('the verifier refuses a reference string that is not powers of one secret', async () => {
      const srs = trapdoorSrs();
      const wrong = [
        { ...srs, tauG1: g1(5n) },
        { ...srs, tauG1: { x: 1n, y: 3n } },
        { ...srs, tauG1: { x: 0n, y: 0n } },
        { ...srs, tau2G2: g2(5n) },
      ];
      for (const points of wrong) {
        const error = await deploy(points).then(
          () => null,
          (e: unknown) => e,
        );
        expect(decodeRevert((error as { data: Hex }).data, 'deploy')?.facts.check).toBe('InvalidSrs');
      }
    });

    it('the verifier refuses a development reference string on another chain than 31337 and 1337', async () => {
      await provider.send('anvil_setChainId', [56]);
      try {
        const { tauG1, tauG2, tau2G2 } = trapdoorSrs();
        const points = { tau1: tauG1, tau2: tauG2, tauSquared2: tau2G2 };
        const factory = new ContractFactory([...artifact.abi] as never, artifact.bytecode);
        const create = async (insecureDev: boolean) => {
          const { data } = await factory.getDeployTransaction({ ...points, insecureDev });
          return provider.call({ data });
        };
        const error = await create(true).then(
          () => null,
          (e: unknown) => e,
        );
        expect(decodeRevert((error as { data: Hex }).data, 'deploy')?.facts.check).toBe('InsecureSrs');
        expect(await create(false)).toMatch(/^0x/);
      } finally {
        await provider.send('anvil_setChainId', [31337]);
      }
    });
  },
);

/**
 * Words behind the dimension: 40 of commitments, 2 of weights, 3 of shares, 2 of the aggregate, and the 20 of the
 * proof. Those before it (contract, task, round, sender, dimension) have tests of their own.
 */
const WORDS = 40 + 2 + 3 + 2 + 20;

function flipped(data: string, word: number, bit: number): string {
  const at = 10 + 64 * (5 + word);
  const value = BigInt(`0x${data.slice(at, at + 64)}`) ^ (1n << BigInt(bit));
  return data.slice(0, at) + value.toString(16).padStart(64, '0') + data.slice(at + 64);
}

/** A point of the twist y^2 = x^3 + 3 / (9 + u) that is in no subgroup of interest. */
const OUTSIDE_SUBGROUP = twistPoint();

function twistPoint(): ContributionProof['groth16']['b'] {
  type F2 = [bigint, bigint];
  const m = (a: bigint): bigint => ((a % Q) + Q) % Q;
  const mul = (a: F2, b: F2): F2 => [m(a[0] * b[0] - a[1] * b[1]), m(a[0] * b[1] + a[1] * b[0])];
  const power = (base: bigint, exponent: bigint): bigint => {
    let [result, b] = [1n, m(base)];
    for (let e = exponent; e > 0n; e >>= 1n) {
      if (e & 1n) result = m(result * b);
      b = m(b * b);
    }
    return result;
  };
  const root = (a: bigint): bigint | null => {
    const r = power(a, (Q + 1n) / 4n);
    return m(r * r) === m(a) ? r : null;
  };
  const eighty2 = power(82n, Q - 2n);
  // 3 / (9 + u) = 3 (9 - u) / 82
  const b: F2 = [m(27n * eighty2), m(-3n * eighty2)];
  for (let x0 = 1n; ; x0++) {
    const x: F2 = [x0, 0n];
    const cube = mul(mul(x, x), x);
    const right: F2 = [m(cube[0] + b[0]), m(cube[1] + b[1])];
    // Square root in F_q[u]/(u^2 + 1): from the norm's root.
    const norm = root(right[0] * right[0] + right[1] * right[1]);
    if (norm === null) continue;
    const half = power(2n, Q - 2n);
    for (const candidate of [m((right[0] + norm) * half), m((right[0] - norm) * half)]) {
      const y0 = root(candidate);
      if (y0 === null || y0 === 0n) continue;
      const y: F2 = [y0, m(right[1] * power(2n * y0, Q - 2n))];
      const square = mul(y, y);
      if (square[0] === right[0] && square[1] === right[1]) return { x, y };
    }
  }
}
