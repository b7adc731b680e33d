import { connectChain, type Devnet, decodeRevert, deployChorus, ruleId, startDevnet } from '@chorus/chain';
import { taskManager } from '@chorus/contracts';
import { type Address, type ChainPort, type Hex, OPEN_TO_ALL, type TaskParams } from '@chorus/protocol';
import { Contract, ContractFactory, type InterfaceAbi, JsonRpcProvider, NonceManager, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileForTests } from '../compiled.ts';
import { deployAcceptingVerifiers } from '../twins/verifiers.ts';
import { CALLING_TOKEN, FEE_TOKEN } from './odd-tokens.ts';

describe('tokens that do not behave', () => {
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let owner: ChainPort;
  let signer: NonceManager;

  const deploy = async (name: string, source: string): Promise<Contract> => {
    const sources = { [`contracts/${name}.sol`]: source };
    const compiled = compileForTests({ names: [name], sources })[0]!;
    signer.reset();
    const factory = new ContractFactory(compiled.abi as InterfaceAbi, compiled.bytecode, signer);
    const contract = await factory.deploy();
    await contract.waitForDeployment();
    return contract as Contract;
  };
  const send = async (contract: Contract, name: string, ...args: unknown[]): Promise<void> => {
    signer.reset();
    await (await contract.getFunction(name)(...args)).wait();
  };
  const params = (token: string): TaskParams => ({
    token: token.toLowerCase() as Address,
    budget: 1000n,
    rounds: 1,
    minTrainers: 1,
    maxTrainers: 1,
    minAggregators: 1,
    stake: 10n,
    minValidators: 1,
    rule: ruleId('reference-trust'),
    ...OPEN_TO_ALL,
    aggregatorFeeBps: 0,
    validatorFeeBps: 0,
    joinSeconds: 5,
    commitSeconds: 5,
    referenceSeconds: 5,
    settleSeconds: 5,
    dimension: 1,
    termsDigest: `0x${'00'.repeat(32)}`,
    validators: [owner.account],
  });

  beforeAll(async () => {
    devnet = await startDevnet({ accounts: 1 });
    const { url } = devnet;
    const [privateKey] = devnet.privateKeys as [Hex];
    provider = new JsonRpcProvider(url, 31337, { staticNetwork: true, cacheTimeout: -1 });
    provider.pollingInterval = 20;
    signer = new NonceManager(new Wallet(privateKey, provider));
    const verifier = await deployAcceptingVerifiers(url, privateKey);
    const { taskManager: contract } = await deployChorus({ url, privateKey, verifier });
    owner = await connectChain({ url, contract, privateKey });
  });
  afterAll(async () => {
    await owner?.close();
    provider?.destroy();
    await devnet?.close();
  });

  it('a token with a fee on transfers cannot be escrowed', async () => {
    const token = await deploy('FeeToken', FEE_TOKEN);
    await expect(owner.createTask(params(await token.getAddress()))).rejects.toMatchObject({
      code: 'E_CHAIN_INVALID_PARAMS',
      facts: { check: 'InexactTransfer' },
    });
  });

  it('a token that calls back during a payout is not paid twice', async () => {
    const token = await deploy('CallingToken', CALLING_TOKEN);
    const address = await token.getAddress();
    const asset = address.toLowerCase() as Address;
    const taskId = (await owner.createTask(params(address))).taskId;
    const other = (await owner.createTask(params(address))).taskId;
    await provider.send('evm_increaseTime', [6]);
    await provider.send('evm_mine', []);
    await owner.advance(taskId);
    await owner.advance(other);
    // Refunding the other task would be legitimate on its own: the guard refuses every call from within.
    const { interface: abi } = new Contract(owner.contract, [...taskManager.abi]);
    await send(token, 'aim', owner.contract, abi.encodeFunctionData('refund', [other]));
    const before = await owner.balance(asset, owner.contract);
    await owner.refund(taskId);
    expect(before - (await owner.balance(asset, owner.contract))).toBe(1000n);
    expect(await token.getFunction('called')()).toBe(true);
    expect(await token.getFunction('succeeded')()).toBe(false);
    const answer = (await token.getFunction('answer')()) as Hex;
    expect(decodeRevert(answer, 'refund')?.facts.check).toBe('ReentrancyGuardReentrantCall');
    expect((await owner.refund(other)).amount).toBe(1000n);
  });
});
