import { readFileSync } from 'node:fs';
import { type Devnet, decodeRevert, startDevnet } from '@chorus/chain';
import { contributionVerifier, projectionVerifier } from '@chorus/contracts';
import { artifactUrl, keyLibrary, keyNumbers, keySourceUrl, verifyingKey } from '@chorus/contracts/compile';
import { type Hex, hasGroups, RULE_NAMES } from '@chorus/protocol';
import { AbiCoder, Contract, ContractFactory, JsonRpcProvider, keccak256, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const FILES = { 'reference-trust': 'transcript.json', 'reference-projection': 'projection.json' } as const;
const ARTIFACTS = { 'reference-trust': contributionVerifier, 'reference-projection': projectionVerifier } as const;

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
      prover: Hex;
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

describe.each(RULE_NAMES)('the deployed verifier of %s', (rule) => {
  const url = new URL(`../vectors/transcript/${FILES[rule]}`, import.meta.url);
  const file = JSON.parse(readFileSync(url, 'utf8')) as VectorFile;
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
      tau1: point(srs.tauG1),
      tau2: twist(srs.tauG2),
      tauSquared2: twist(srs.tau2G2),
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

  const call = (given: VectorFile['cases'][number]) => {
    const { statement, dimension, weightsWords, sharesWords, proof } = given;
    const { taskId, round, prover, aggregate, contract } = statement;
    const [first, ...others] = statement.commitments.map(point);
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

  it.each<[string, Partial<VectorFile['cases'][number]['statement']>]>([
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

  it('holds the key of the committed key file, in source and in code', async () => {
    const numbers = keyNumbers(verifyingKey(rule));
    expect(readFileSync(keySourceUrl(rule), 'utf8')).toBe(keyLibrary(rule));
    const encoded = AbiCoder.defaultAbiCoder().encode([`uint256[${numbers.length}]`], [numbers]);
    expect(await verifier.getFunction('verifyingKeyHash')()).toBe(keccak256(encoded));
    const code = await provider.getCode(address);
    for (const number of numbers) expect(code).toContain(number.toString(16));
  });

  it('is the committed artifact, but for its immutables', async () => {
    const committed = JSON.parse(readFileSync(artifactUrl(ARTIFACTS[rule].contractName), 'utf8'));
    const code = await provider.getCode(address);
    expect(code.length).toBe(committed.deployedBytecode.length);
    const differing = [...code].filter((digit, i) => digit !== committed.deployedBytecode[i]);
    // Ten words of points and a flag, in at most two places each.
    expect(differing.length).toBeLessThanOrEqual(2 * 11 * 64);
  });

  it('says which reference string it holds', async () => {
    const srs = await verifier.getFunction('srs')();
    expect([srs.tau1.x, srs.tau1.y]).toEqual(file.srs.tauG1.map(BigInt));
    expect(srs.insecureDev).toBe(true);
  });
});
