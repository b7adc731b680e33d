import { readFileSync } from 'node:fs';
import { type Devnet, decodeRevert, deployChorus, startDevnet } from '@chorus/chain';
import { contributionVerifier, taskManager } from '@chorus/contracts';
import { artifactUrl, keyNumbers, keySourceUrl, renderKey, verifyingKey } from '@chorus/contracts/compile';
import type { Hex } from '@chorus/protocol';
import { AbiCoder, Contract, JsonRpcProvider, keccak256 } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const VECTORS = new URL('../vectors/transcript/transcript.json', import.meta.url);

type Point = [string, string];
interface VectorFile {
  srs: Record<'tauG2' | 'tau2G2', { x: Point; y: Point }> & { tauG1: Point; origin: 'insecure-dev' };
  cases: {
    name: string;
    dimension: number;
    statement: {
      chainId: number;
      contract: Hex;
      taskId: string;
      round: number;
      n: number;
      commitments: Point[];
      aggregate: Point;
    };
    weightsWords: string[];
    sharesWords: string[];
    proof: {
      gramHash: string;
      innerProduct: string;
      cross: Point;
      quotient: Point;
      evaluations: string[];
      groth16: { a: Point; b: { x: Point; y: Point }; c: Point };
    };
  }[];
}

const point = ([x, y]: Point) => ({ x: BigInt(x), y: BigInt(y) });
const twist = ({ x, y }: { x: Point; y: Point }) => ({
  x: x.map(BigInt) as [bigint, bigint],
  y: y.map(BigInt) as [bigint, bigint],
});

describe('the deployed verifier', () => {
  const file = JSON.parse(readFileSync(VECTORS, 'utf8')) as VectorFile;
  const cases = file.cases.filter((c) => c.statement.n === 16 && c.statement.chainId === 31337);
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let verifier: Contract;
  let deployment: Awaited<ReturnType<typeof deployChorus>>;

  beforeAll(async () => {
    devnet = await startDevnet();
    const { srs } = file;
    deployment = await deployChorus({
      url: devnet.url,
      privateKey: devnet.privateKeys[0]!,
      verifier: {
        tauG1: point(srs.tauG1),
        tauG2: twist(srs.tauG2),
        tau2G2: twist(srs.tau2G2),
        origin: srs.origin,
      },
    });
    provider = new JsonRpcProvider(devnet.url, 31337, { staticNetwork: true });
    verifier = new Contract(deployment.verifier, [...contributionVerifier.abi], provider);
  });
  afterAll(async () => {
    provider?.destroy();
    await devnet?.close();
  });

  const call = (given: VectorFile['cases'][number]) => {
    const { statement, dimension, weightsWords, sharesWords, proof } = given;
    const { taskId, round, commitments, aggregate, contract } = statement;
    return [
      {
        taskContract: contract,
        taskId,
        round,
        dimension,
        commitments: commitments.map(point),
        weights: weightsWords,
        shares: sharesWords,
        aggregate: point(aggregate),
      },
      {
        ...proof,
        cross: point(proof.cross),
        quotient: point(proof.quotient),
        groth16: {
          a: point(proof.groth16.a),
          b: twist(proof.groth16.b),
          c: point(proof.groth16.c),
        },
      },
    ];
  };

  it('accepts every proof of the product’s prover in the shared vectors', async () => {
    expect(cases.length).toBeGreaterThan(0);
    for (const given of cases) {
      await expect(verifier.getFunction('verify').staticCall(...call(given)), given.name).resolves.toEqual(
        [],
      );
    }
  });

  it('refuses each of them for the next round', async () => {
    for (const given of cases) {
      const stale = { ...given, statement: { ...given.statement, round: given.statement.round + 1 } };
      const error = await verifier
        .getFunction('verify')
        .staticCall(...call(stale))
        .catch((e: unknown) => e);
      expect(decodeRevert((error as { data: Hex }).data, 'verify'), given.name).toBeDefined();
    }
  });

  it('holds the key of the committed key file, in source and in code', async () => {
    const numbers = keyNumbers(verifyingKey());
    expect(readFileSync(keySourceUrl(), 'utf8')).toBe(renderKey(verifyingKey()));
    const encoded = AbiCoder.defaultAbiCoder().encode([`uint256[${numbers.length}]`], [numbers]);
    expect(await verifier.getFunction('verifyingKeyHash')()).toBe(keccak256(encoded));
    const code = await provider.getCode(deployment.verifier);
    for (const number of numbers) expect(code).toContain(number.toString(16));
  });

  it('is the committed artifact, but for its immutables', async () => {
    const committed = JSON.parse(readFileSync(artifactUrl('ContributionVerifier'), 'utf8'));
    const code = await provider.getCode(deployment.verifier);
    expect(code.length).toBe(committed.deployedBytecode.length);
    const differing = [...code].filter((digit, i) => digit !== committed.deployedBytecode[i]);
    // Ten words of points and a flag, in at most two places each.
    expect(differing.length).toBeLessThanOrEqual(2 * 11 * 64);
  });

  it('is the one the task contract asks, and says which reference string it holds', async () => {
    const tasks = new Contract(deployment.taskManager, [...taskManager.abi], provider);
    expect((await tasks.getFunction('verifier')()).toLowerCase()).toBe(deployment.verifier);
    const srs = await verifier.getFunction('srs')();
    expect([srs.tau1.x, srs.tau1.y]).toEqual(file.srs.tauG1.map(BigInt));
    expect(srs.insecureDev).toBe(true);
  });
});
