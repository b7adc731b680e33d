import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Hex } from '@chorus/protocol';
import {
  ContractFactory,
  FetchRequest,
  type JsonRpcProvider,
  keccak256,
  solidityPacked,
  Wallet,
} from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { findChannelContracts } from '../contracts/addresses.ts';
import { PUBLISHED_CHANNELS } from '../contracts/names.ts';
import { type Devnet, startDevnet } from '../devnet/devnet.ts';
import { openProvider } from '../rpc/rpc.ts';
import { sqliteTransactionStore } from '../send/journal.ts';
import { CREATE2_PROXY } from './create2.ts';
import { type Deployment, type DeploymentStep, type DeployOptions, deployChorus } from './deploy.ts';
import { type DeploymentFile, readDeployment } from './file.ts';
import type { VerifierAddresses } from './plan.ts';
import { DEVELOPMENT_KEYS } from './preconditions.ts';
import { deploymentStatus } from './status.ts';

/** Returns 11 zero words for every call: no development reference string, and an unknown key. */
const ANY_VERIFIER = '0x646101605ff35f526005601bf3';
const ETHER = 10n ** 18n;

const send = FetchRequest.prototype.send;

describe('deploying', () => {
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let folder: string;
  let clean: string;
  let verifier: VerifierAddresses;
  const own: Hex = `0x${'42'.repeat(32)}`;

  const deploy = (options: Partial<DeployOptions> = {}): Promise<Deployment> =>
    deployChorus({ url: devnet.url, privateKey: devnet.privateKeys[0]!, verifier, ...options });
  const steps = async (options: Partial<DeployOptions> = {}): Promise<DeploymentStep[]> => {
    const seen: DeploymentStep[] = [];
    await deploy({ ...options, onStep: (step) => seen.push(step) });
    return seen;
  };
  const setChain = (chainId: number) => provider.send('anvil_setChainId', [chainId]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-deploy-'));
    devnet = await startDevnet({ accounts: 2 });
    ({ provider } = await openProvider(devnet.url));
    provider.pollingInterval = 20;
    const wallet = new Wallet(devnet.privateKeys[1]!, provider);
    const deployed = await new ContractFactory([], ANY_VERIFIER, wallet).deploy();
    await deployed.waitForDeployment();
    const address = (await deployed.getAddress()).toLowerCase() as Address;
    verifier = { 'reference-trust': address, 'reference-projection': address };
    const account = new Wallet(own).address;
    await provider.send('anvil_setBalance', [account, `0x${(100n * ETHER).toString(16)}`]);
    clean = await provider.send('evm_snapshot', []);
  });
  beforeEach(async () => {
    await provider.send('evm_revert', [clean]);
    clean = await provider.send('evm_snapshot', []);
  });
  afterAll(async () => {
    provider?.destroy();
    await devnet?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('the same inputs give the same addresses, even on a chain with another history', async () => {
    const one = await deploy();
    await provider.send('evm_revert', [clean]);
    clean = await provider.send('evm_snapshot', []);
    await new Wallet(devnet.privateKeys[0]!, provider).sendTransaction({ to: one.token });
    const two = await deploy();
    expect({ ...two, startBlock: 0 }).toEqual({ ...one, startBlock: 0 });
    const other = await deploy({ salt: `0x${'01'.repeat(32)}` });
    expect(other.taskManager).not.toBe(one.taskManager);
  });

  it('a second run of a deployment finds everything in place and sends nothing', async () => {
    await deploy();
    const nonce = await provider.getTransactionCount(new Wallet(devnet.privateKeys[0]!).address);
    const seen = await steps();
    expect(seen).toHaveLength(30);
    expect(seen.every(({ transaction }) => transaction === null)).toBe(true);
    expect(await provider.getTransactionCount(new Wallet(devnet.privateKeys[0]!).address)).toBe(nonce);
  });

  it('a deployment adds the deployment proxy if the chain has none', async () => {
    await provider.send('anvil_setCode', [CREATE2_PROXY, '0x']);
    await provider.send('anvil_setNonce', ['0x3fab184622dc19b6109349b94811493bf2a45362', '0x0']);
    await deploy();
    expect(await provider.getCode(CREATE2_PROXY)).not.toBe('0x');
  });

  it('a chain that has the contract of channels that x402 publishes gets no other one', async () => {
    const first = await deploy();
    expect(first.channels?.channels).not.toBe(PUBLISHED_CHANNELS);
    await provider.send('anvil_setCode', [
      PUBLISHED_CHANNELS,
      await provider.getCode(first.channels!.channels),
    ]);
    const second = await deploy({ salt: `0x${'07'.repeat(32)}` });
    expect(second.channels?.channels).toBe(PUBLISHED_CHANNELS);
    // Ours takes deposits for it.
    const { provider: other } = await openProvider(devnet.url);
    try {
      expect(await findChannelContracts(other, second.parameters)).toEqual(second.channels);
    } finally {
      other.destroy();
    }
  });

  it('a deployment refuses other code at the address of the proxy', async () => {
    await provider.send('anvil_setCode', [CREATE2_PROXY, '0x00']);
    await expect(deploy()).rejects.toMatchObject({ code: 'E_CHAIN_DEPLOY' });
  });

  it('parameters set before governance takes over are in place after it', async () => {
    const slashing = {
      trainerAbsence: 1,
      validatorAbsence: 2,
      aggregatorAbsence: 3,
      unavailable: 4,
      falseVerdict: 5,
      rejectedReference: 6,
      absenceCap: 7,
      missedRounds: 8,
    };
    const initial = {
      protocolFeeBps: 250,
      windows: { contest: 5, unbond: 9 },
      minimumStake: 7n,
      minPhaseSeconds: 60,
      slashing,
    };
    const path = join(folder, 'initial.json');
    await deploy({ initial, file: path });
    const { parameters, ok } = await deploymentStatus({
      url: devnet.url,
      file: (await readDeployment(path))!,
    });
    expect(ok).toBe(true);
    expect(parameters).toMatchObject({
      protocolFeeBps: 250,
      contestSeconds: 5,
      unbondSeconds: 9,
      minimumStake: 7n,
      minPhaseSeconds: 60,
      slashing,
    });
    const wrong = { ...initial, windows: { contest: 9, unbond: 9 } };
    const salt: Hex = `0x${'02'.repeat(32)}`;
    await expect(deploy({ initial: wrong, salt })).rejects.toMatchObject({
      code: 'E_CHAIN_INVALID_PARAMS',
      facts: { check: 'ValueOutOfBounds' },
    });
  });

  it('sending one transaction at a time and all at once give the same deployment, and each step reports its cost', async () => {
    const all = await deploy();
    await provider.send('evm_revert', [clean]);
    clean = await provider.send('evm_snapshot', []);
    await provider.send('evm_setAutomine', [false]);
    const miner = setInterval(() => void provider.send('evm_mine', []).catch(() => undefined), 40);
    try {
      const path = join(folder, 'one-by-one.json');
      const one = await deploy({ file: path, initial: {} });
      expect({ ...one, startBlock: 0 }).toEqual({ ...all, startBlock: 0 });
      const file = (await readDeployment(path))!;
      expect(file.complete).toBe(true);
      const transactions = [
        ...Object.values(file.contracts).map((c) => c.transaction),
        ...Object.values(file.calls),
      ];
      expect(transactions.filter((t) => t !== null)).toHaveLength(30);
      for (const transaction of transactions) {
        if (transaction === null) continue;
        expect(transaction.gasUsed).toBeGreaterThan(20_000);
        expect(BigInt(transaction.cost)).toBeGreaterThan(0n);
        expect(transaction.block).toBeGreaterThan(file.startBlock);
      }
    } finally {
      clearInterval(miner);
      await provider.send('evm_setAutomine', [true]);
    }
  });

  describe('on a chain that is not one of development', () => {
    const real = { privateKey: own, pollMilliseconds: 20 };
    beforeEach(() => setChain(56));
    afterAll(() => setChain(31337));

    it('the next run completes a deployment that was killed while it sent, and pays for nothing twice', async () => {
      const path = join(folder, 'killed.json');
      const account = new Wallet(own).address;
      const first = await provider.getTransactionCount(account);
      let runs = 0;
      for (let done = false; !done; runs++) {
        const transactions = sqliteTransactionStore(join(folder, 'killed.sqlite'));
        const kill = new AbortController();
        let left = 3;
        // The third transaction of each run is sent, and no answer to it or to anything else comes back.
        const spy = vi.spyOn(FetchRequest.prototype, 'send').mockImplementation(async function (
          this: FetchRequest,
        ) {
          if (kill.signal.aborted) throw new Error('killed');
          const body = new TextDecoder().decode(this.body ?? new Uint8Array());
          const response = await send.call(this);
          if (!body.includes('eth_sendRawTransaction') || --left > 0) return response;
          kill.abort();
          throw new Error('killed');
        });
        done = await deploy({ ...real, file: path, transactions, signal: kill.signal }).then(
          () => true,
          (error) => {
            if (!kill.signal.aborted) throw error;
            return false;
          },
        );
        spy.mockRestore();
        transactions.close();
      }
      expect(runs).toBe(11);
      expect((await provider.getTransactionCount(account)) - first).toBe(30);
      const file = (await readDeployment(path))!;
      expect(file.complete).toBe(true);
      expect(Object.values(file.contracts).filter((c) => c.transaction !== null)).toHaveLength(20);
      expect((await deploymentStatus({ url: devnet.url, file })).ok).toBe(true);
    });

    it('a deployment refuses publicly known keys', async () => {
      await expect(deploy()).rejects.toMatchObject({ code: 'E_CHAIN_DEVELOPMENT_ONLY' });
      const treasury = new Wallet(devnet.privateKeys[1]!).address as Address;
      await expect(deploy({ ...real, treasury })).rejects.toMatchObject({ code: 'E_CHAIN_DEVELOPMENT_ONLY' });
      expect(await provider.getTransactionCount(new Wallet(own).address)).toBe(0);
    });

    it('a deployment refuses the development reference string, and circuit keys made on one machine', async () => {
      const point = { x: 1n, y: 2n };
      const g2 = { x: [1n, 2n] as [bigint, bigint], y: [3n, 4n] as [bigint, bigint] };
      const srs = { tauG1: point, tauG2: g2, tau2G2: g2 };
      const insecure = deploy({ ...real, verifier: { ...srs, origin: 'insecure-dev' } });
      await expect(insecure).rejects.toMatchObject({ code: 'E_CHAIN_DEVELOPMENT_ONLY', hint: /ptau/ });
      const keys = deploy({ ...real, verifier: { ...srs, origin: 'ptau' } });
      await expect(keys).rejects.toMatchObject({
        code: 'E_CHAIN_DEVELOPMENT_ONLY',
        message: /keys of the circuit/,
      });
    });
  });

  it.each(['contribution-16', 'projection-16'])(
    'the committed keys of %s are listed as made on one machine',
    async (circuit) => {
      const keys = new URL('../../../../circuits/keys/', import.meta.url);
      const json = async (name: string) => JSON.parse(await readFile(new URL(name, keys), 'utf8'));
      const { trust } = await json(`${circuit}.transcript.json`);
      const key = await json(`${circuit}.vkey.json`);
      expect(trust).toMatch(/one machine/);
      expect(DEVELOPMENT_KEYS).toContain(hashOf(key));
    },
  );

  describe('the file of a deployment', () => {
    it('the file of a deployment is refused if it is malformed, or of another deployment', async () => {
      const path = join(folder, 'wrong.json');
      await writeFile(path, '{"format": "chorus-deployment"}');
      await expect(deploy({ file: path })).rejects.toMatchObject({ code: 'E_CHAIN_DEPLOYMENT_FILE' });
      const good = join(folder, 'good.json');
      await deploy({ file: good });
      const salt: Hex = `0x${'03'.repeat(32)}`;
      await expect(deploy({ file: good, salt })).rejects.toMatchObject({ code: 'E_CHAIN_DEPLOYMENT_FILE' });
    });

    it('the file of a deployment and its status report code that is missing, replaced, or has other arguments', async () => {
      const path = join(folder, 'status.json');
      const deployment = await deploy({ file: path });
      const file = (await readDeployment(path))!;
      const status = (changed: DeploymentFile = file) => deploymentStatus({ url: devnet.url, file: changed });
      const good = await status();
      expect(good).toMatchObject({ ok: true, chainId: 31337, balances: { supply: 10n ** 27n, escrow: 0n } });
      expect(good.code.find(({ name }) => name === 'verifier reference-trust')!.state).toBe('external');
      const state = async (name: string, changed?: DeploymentFile) =>
        (await status(changed)).code.find((finding) => finding.name === name)!.state;
      const tampered = structuredClone(file);
      const parameters = tampered.contracts.parameters!;
      parameters.constructorArguments = parameters.constructorArguments.replace(
        deployment.treasury.slice(2),
        'aa'.repeat(20),
      ) as Hex;
      expect(await state('parameters', tampered)).toBe('other');
      // The file may come from a stranger: what it says of its own entries excuses none of them.
      parameters.initCodeHash = null;
      expect(await state('parameters', tampered)).toBe('other');
      expect(await state('units')).toBe('same');
      const copied = structuredClone(file);
      const elsewhere: Address = `0x${'77'.repeat(20)}`;
      await provider.send('anvil_setCode', [elsewhere, await provider.getCode(deployment.revenue!.units)]);
      Object.assign(copied.contracts.units!, { address: elsewhere, codeHash: null });
      expect(await state('units', copied)).toBe('other');
      const code = await provider.getCode(deployment.stakes);
      const last = code.endsWith('00') ? '01' : '00';
      const exchanged = `${code.slice(0, -2)}${last}`;
      await provider.send('anvil_setCode', [deployment.stakes, exchanged]);
      expect(await state('stakes')).toBe('other');
      const lied = structuredClone(file);
      lied.contracts.stakes!.codeHash = keccak256(exchanged) as Hex;
      expect(await state('stakes', lied)).toBe('other');
      await provider.send('anvil_setCode', [deployment.stakes, '0x']);
      expect(await state('stakes')).toBe('missing');
      expect((await status()).ok).toBe(false);
    });
  });
});

/** A verifying key as snarkjs writes it: decimal strings, a third coordinate of 1. */
interface KeyJson {
  vk_alpha_1: string[];
  vk_beta_2: string[][];
  vk_gamma_2: string[][];
  vk_delta_2: string[][];
  IC: string[][];
}

/** keccak256 of a verifying key's numbers, as `IContributionVerifier` has it. */
function hashOf({ vk_alpha_1: alpha, vk_beta_2, vk_gamma_2, vk_delta_2, IC }: KeyJson): string {
  const g1 = (point: string[]) => point.slice(0, 2);
  const g2 = (point: string[][]) => point.slice(0, 2).flat();
  const numbers = [...g1(alpha), ...[vk_beta_2, vk_gamma_2, vk_delta_2].flatMap(g2), ...IC.flatMap(g1)];
  return keccak256(
    solidityPacked(
      numbers.map(() => 'uint256'),
      numbers,
    ),
  );
}
