import { type Address, type ChainEvent, OPEN_TO_ALL, type TaskParams } from '@chorus/protocol';
import { ContractFactory, type JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ruleId } from '../abi/signing.ts';
import { connectChain } from '../connect.ts';
import { type Deployment, deployChorus } from '../deploy/deploy.ts';
import { type Devnet, startDevnet } from '../devnet/devnet.ts';
import { openProvider } from '../rpc/rpc.ts';
import { followEvents } from './follow.ts';

/** Returns 1 for every call. */
const ANY_VERIFIER = '0x6760015f5260205ff35f5260086018f3';

describe('following events', () => {
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let deployment: Deployment;
  let chain: Awaited<ReturnType<typeof connectChain>>;

  beforeAll(async () => {
    devnet = await startDevnet({ accounts: 2 });
    ({ provider } = await openProvider(devnet.url));
    provider.pollingInterval = 20;
    const privateKey = devnet.privateKeys[0]!;
    // No task is settled here: any code that states its number of leading rows can serve as a verifier.
    const verifier = await new ContractFactory([], ANY_VERIFIER, new Wallet(privateKey, provider)).deploy();
    await verifier.waitForDeployment();
    const address = (await verifier.getAddress()) as Address;
    deployment = await deployChorus({
      url: devnet.url,
      privateKey,
      verifier: { 'reference-trust': address, 'reference-projection': address },
    });
    chain = await connectChain({ url: devnet.url, contract: deployment.taskManager, privateKey });
  });
  afterAll(async () => {
    await chain?.close();
    provider?.destroy();
    await devnet?.close();
  });

  const create = () => {
    const params: TaskParams = {
      token: deployment.token,
      budget: 1n,
      rounds: 1,
      minTrainers: 1,
      maxTrainers: 1,
      minAggregators: 1,
      stake: 0n,
      minValidators: 1,
      rule: ruleId('reference-trust'),
      ...OPEN_TO_ALL,
      aggregatorFeeBps: 0,
      validatorFeeBps: 0,
      joinSeconds: 10,
      commitSeconds: 10,
      referenceSeconds: 10,
      settleSeconds: 10,
      dimension: 1,
      termsDigest: `0x${'00'.repeat(32)}`,
      validators: [chain.account],
    };
    return chain.createTask(params);
  };

  it('the event stream reports an event at the first poll after it was mined', async () => {
    const { provider: watched } = await openProvider(devnet.url);
    const heads: number[] = [];
    const getBlock = watched.getBlock.bind(watched);
    watched.getBlock = async (tag) => {
      const block = await getBlock(tag);
      if (tag === 'latest') heads.push(block!.number);
      return block;
    };
    const { chainId, contract } = chain;
    const options = { provider: watched, chainId, contract, pollMilliseconds: 50, confirmations: 0 };
    const abort = new AbortController();
    const events = followEvents(options, provider.getBlockNumber(), abort.signal);
    for (let i = 0; i < 5; i++) {
      const next = events.next();
      const { taskId, block } = await create();
      expect((await next).value).toMatchObject({ type: 'task-created', taskId });
      expect(heads.filter((head) => head >= block)).toHaveLength(1);
      heads.length = 0;
    }
    abort.abort();
    watched.destroy();
  });

  it('the event stream continues after the chain did not answer, and skips or repeats nothing', async () => {
    let failing = false;
    const { provider: flaky } = await openProvider(devnet.url);
    flaky.getBlock = (tag) =>
      failing ? Promise.reject(new Error('socket hang up')) : provider.getBlock(tag);
    const abort = new AbortController();
    const { chainId, contract } = chain;
    const options = { provider: flaky, chainId, contract, pollMilliseconds: 10, confirmations: 0 };
    const start = provider.getBlockNumber().then((head) => head + 1);
    const heard: ChainEvent[] = [];
    const listening = (async () => {
      for await (const event of followEvents(options, start, abort.signal)) heard.push(event);
    })();
    const expected: bigint[] = [];
    for (let i = 0; i < 6; i++) {
      failing = i % 2 === 1;
      expected.push((await create()).taskId);
    }
    failing = false;
    while (heard.length < expected.length) await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    await listening;
    flaky.destroy();
    expect(heard.map((event) => event.taskId)).toEqual(expected);
  });

  it('the event stream waits for the requested confirmations', async () => {
    const abort = new AbortController();
    const { chainId, contract } = chain;
    const options = { provider, chainId, contract, pollMilliseconds: 10, confirmations: 2 };
    const { block, taskId } = await create();
    const events = followEvents(options, Promise.resolve(block), abort.signal);
    let told = false;
    const next = events.next().then((result) => {
      told = true;
      return result;
    });
    await provider.send('evm_mine', []);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told).toBe(false);
    await provider.send('evm_mine', []);
    expect((await next).value).toMatchObject({ taskId });
    abort.abort();
  });

  it('the event stream ends when the port is closed', async () => {
    const privateKey = devnet.privateKeys[1]!;
    const other = await connectChain({ url: devnet.url, contract: chain.contract, privateKey });
    const next = other.events({ signal: new AbortController().signal })[Symbol.asyncIterator]().next();
    await other.close();
    expect((await next).done).toBe(true);
  });
});

describe('connecting', () => {
  it('connecting to no endpoint, or to an address without a contract, is refused with a reason', async () => {
    const privateKey = `0x${'11'.repeat(32)}` as const;
    const contract = '0x00000000000000000000000000000000000c0de5';
    await expect(connectChain({ url: 'http://127.0.0.1:9', contract, privateKey })).rejects.toMatchObject({
      code: 'E_CHAIN_UNREACHABLE',
      facts: { endpoint: '127.0.0.1:9' },
    });
    const devnet = await startDevnet({ accounts: 1 });
    const connect = (at: Address) => connectChain({ url: devnet.url, contract: at, privateKey });
    await expect(connect(contract)).rejects.toMatchObject({ code: 'E_CHAIN_INVALID_PARAMS' });
    await expect(connect('0x12')).rejects.toMatchObject({ code: 'E_CHAIN_INVALID_PARAMS' });
    await devnet.close();
  });
});
