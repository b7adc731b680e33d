import { readFileSync } from 'node:fs';
import { type Devnet, decodeRevert, startDevnet } from '@chorus/chain';
import { contributionVerifier, projectionVerifier } from '@chorus/contracts';
import { artifactUrl, keyLibrary, keyNumbers, keySourceUrl, verifyingKey } from '@chorus/contracts/compile';
import { type Hex, hasGroups, RULE_NAMES } from '@chorus/protocol';
import { AbiCoder, Contract, ContractFactory, JsonRpcProvider, keccak256, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  vectorG1 as g1,
  vectorG2 as g2,
  type TranscriptVector,
  transcriptVectors,
  type VectorPoint,
} from '../../packages/proof/src/testing/transcript-vectors.ts';

const ARTIFACTS = {
  'reference-trust': contributionVerifier,
  'reference-projection': projectionVerifier,
} as const;

const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
/** Contract, task, round, sender, dimension; 40 of commitments, 2 of weights, 3 of shares, 2 of the aggregate; 20 of the proof. */
const WORDS = 5 + 40 + 2 + 3 + 2 + 20;
const DIMENSION_WORD = 4;

describe.each(RULE_NAMES)('the deployed verifier of %s', (rule) => {
  const file = transcriptVectors(rule);
  const cases = file.cases.filter((c) => c.statement.n === 16 && c.statement.chainId === 31337);
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let verifier: Contract;
  let address: string;

  beforeAll(async () => {
    devnet = await startDevnet();
    const { srs } = file;
    provider = new JsonRpcProvider(devnet.url, 31337, { staticNetwork: true, cacheTimeout: -1 });
    provider.pollingInterval = 20;
    const { abi, bytecode } = ARTIFACTS[rule];
    const factory = new ContractFactory([...abi], bytecode, new Wallet(devnet.privateKeys[0]!, provider));
    const deployed = await factory.deploy({
      tau1: g1(srs.tauG1),
      tau2: g2(srs.tauG2),
      tauSquared2: g2(srs.tau2G2),
      insecureDev: srs.origin === 'insecure-dev',
    });
    await deployed.waitForDeployment();
    address = await deployed.getAddress();
    verifier = new Contract(address, [...abi], provider);
  });
  afterAll(async () => {
    provider?.destroy();
    await devnet?.close();
  });

  const call = (given: TranscriptVector) => {
    const { statement, dimension, weightsWords, sharesWords, proof } = given;
    const { taskId, round, prover, aggregate, contract } = statement;
    const [first, ...others] = statement.commitments.map(g1);
    const none = { x: 0n, y: 0n };
    return [
      {
        taskContract: contract,
        taskId,
        round,
        prover,
        dimension,
        // The contracts' statement has four leading rows; a rule with one leaves the others empty.
        commitments: hasGroups(rule) ? [first, ...others] : [first, none, none, none, ...others],
        weights: weightsWords,
        shares: sharesWords,
        aggregate: g1(aggregate),
      },
      {
        ...proof,
        cross: g1(proof.cross),
        quotient: g1(proof.quotient),
        groth16: {
          a: g1(proof.groth16.a),
          b: g2(proof.groth16.b),
          c: g1(proof.groth16.c),
        },
      },
    ];
  };

  it('the deployed verifier accepts every proof in the shared vectors', async () => {
    expect(cases.length).toBeGreaterThan(0);
    for (const given of cases) {
      await expect(verifier.getFunction('verify').staticCall(...call(given)), given.name).resolves.toEqual(
        [],
      );
    }
  });

  it.each<[string, Partial<TranscriptVector['statement']>]>([
    ['the next round', { round: 8 }],
    ['another sender', { prover: '0x00000000000000000000000000000000000000a2' }],
  ])('refuses each of them for %s', async (_, change) => {
    for (const given of cases) {
      const stale = { ...given, statement: { ...given.statement, ...change } };
      const error = await verifier
        .getFunction('verify')
        .staticCall(...call(stale))
        .catch((e: unknown) => e);
      expect(decodeRevert((error as { data: Hex }).data, 'verify'), given.name).toBeDefined();
    }
  });

  describe('a call with a true proof of sixteen trainers', () => {
    const sixteen = (): TranscriptVector => cases.find((c) => c.dimension === 1024)!;
    const dataOf = (given: unknown[]): string => verifier.interface.encodeFunctionData('verify', given);
    const accepts = (data: string): Promise<boolean> =>
      provider.call({ to: address, data }).then(
        () => true,
        () => false,
      );
    const wordsOf = (data: string): bigint[] =>
      Array.from({ length: WORDS }, (_, i) => BigInt(`0x${data.slice(10 + 64 * i, 74 + 64 * i)}`));
    const encoded = (data: string, words: bigint[]): string =>
      data.slice(0, 10) + words.map((word) => word.toString(16).padStart(64, '0')).join('');

    it('a call with a true proof of sixteen trainers is refused with any single word changed', async () => {
      const data = dataOf(call(sixteen()));
      const words = wordsOf(data);
      expect(encoded(data, words)).toBe(data);
      const changes: ((word: bigint) => bigint)[] = [
        (word) => word + 1n,
        (word) => word - 1n,
        (word) => word ^ (1n << 200n),
        (word) => word + P,
        (word) => word + Q,
        (word) => P - word,
        (word) => Q - word,
        () => 0n,
        () => 1n,
        () => 2n ** 256n - 1n,
      ];
      let tried = 0;
      for (const [at, word] of words.entries()) {
        for (const change of changes) {
          const changed = BigInt.asUintN(256, change(word));
          if (changed === word) continue;
          // Of the dimension the proof holds N: 1023 entries are as well 1024, of which one is zero.
          if (at === DIMENSION_WORD && changed > 512n && changed <= 1024n) continue;
          const forged = encoded(data, words.with(at, changed));
          expect(await accepts(forged), `word ${at}: ${word} to ${changed}`).toBe(false);
          tried++;
        }
      }
      expect(tried).toBeGreaterThan(500);
    });

    it('a call with a true proof of sixteen trainers is refused with any two neighbouring words or points exchanged', async () => {
      const data = dataOf(call(sixteen()));
      const words = wordsOf(data);
      for (const size of [1, 2]) {
        for (let at = 0; at + 2 * size <= WORDS; at++) {
          const swapped = [
            ...words.slice(0, at),
            ...words.slice(at + size, at + 2 * size),
            ...words.slice(at, at + size),
            ...words.slice(at + 2 * size),
          ];
          if (swapped.every((word, i) => word === words[i])) continue;
          expect(await accepts(encoded(data, swapped)), `${size} words at ${at}`).toBe(false);
        }
      }
    });

    it('a call with a true proof of sixteen trainers is refused with any two rows of the statement exchanged', async () => {
      const given = call(sixteen()) as [{ commitments: { x: bigint; y: bigint }[] }, unknown];
      const [statement, proof] = given;
      const { commitments } = statement;
      for (let i = 0; i < commitments.length; i++) {
        for (let j = i + 1; j < commitments.length; j++) {
          const [a, b] = [commitments[i]!, commitments[j]!];
          if (a.x === b.x && a.y === b.y) continue;
          const swapped = { ...statement, commitments: commitments.with(i, b).with(j, a) };
          expect(await accepts(dataOf([swapped, proof])), `rows ${i} and ${j}`).toBe(false);
        }
      }
    });

    it('a call with a true proof of sixteen trainers has other forms of its Groth16 proof, which are worth as much to the same sender, and nothing to another', async () => {
      const given = sixteen();
      const { a, b, c } = given.proof.groth16;
      const negated = (text: string): string => String(Q - BigInt(text));
      const [y0, y1] = b.y;
      const groth16 = { a: [a[0], negated(a[1])], b: { x: b.x, y: [negated(y0), negated(y1)] }, c };
      const other = { ...given, proof: { ...given.proof, groth16: groth16 as typeof given.proof.groth16 } };
      expect(await accepts(dataOf(call(other)))).toBe(true);
      const prover = '0x00000000000000000000000000000000000000a2' as const;
      const sent = { ...other, statement: { ...other.statement, prover } };
      expect(await accepts(dataOf(call(sent)))).toBe(false);
    });
  });

  it('the deployed verifier refuses the proofs of the other rule, with any conversion of their rows', async () => {
    const other = RULE_NAMES.find((name) => name !== rule)!;
    const foreign = transcriptVectors(other);
    for (const given of foreign.cases) {
      const [first, ...rest] = given.statement.commitments as [VectorPoint, ...VectorPoint[]];
      for (const commitments of hasGroups(rule)
        ? [
            [first, first, first, first, ...rest],
            [first, ['0', '0'], ['0', '0'], ['0', '0'], ...rest],
          ]
        : [given.statement.commitments.slice(3), [first, ...given.statement.commitments.slice(4)]]) {
        const told = {
          ...given,
          statement: { ...given.statement, commitments: commitments as VectorPoint[] },
        };
        await expect(verifier.getFunction('verify').staticCall(...call(told)), given.name).rejects.toThrow();
      }
    }
  });

  it('the deployed verifier holds the key of the committed key file, in source and in code', async () => {
    const numbers = keyNumbers(verifyingKey(rule));
    expect(readFileSync(keySourceUrl(rule), 'utf8')).toBe(keyLibrary(rule));
    const encoded = AbiCoder.defaultAbiCoder().encode([`uint256[${numbers.length}]`], [numbers]);
    expect(await verifier.getFunction('verifyingKeyHash')()).toBe(keccak256(encoded));
    const code = await provider.getCode(address);
    for (const number of numbers) expect(code).toContain(number.toString(16));
  });

  it('the deployed verifier is the committed artifact, except for its immutables', async () => {
    const committed = JSON.parse(readFileSync(artifactUrl(ARTIFACTS[rule].contractName), 'utf8'));
    const code = await provider.getCode(address);
    expect(code.length).toBe(committed.deployedBytecode.length);
    const differing = [...code].filter((digit, i) => digit !== committed.deployedBytecode[i]);
    // Ten words of points and a flag, in at most two places each.
    expect(differing.length).toBeLessThanOrEqual(2 * 11 * 64);
  });

  it('the deployed verifier names its reference string', async () => {
    const srs = await verifier.getFunction('srs')();
    expect([srs.tau1.x, srs.tau1.y]).toEqual(file.srs.tauG1.map(BigInt));
    expect(srs.insecureDev).toBe(true);
  });
});
