import {
  type ChorusChain,
  connectChain,
  type Deployment,
  type Devnet,
  deployChorus,
  memoryEventStore,
  openEventIndex,
  startDevnet,
  transferTokens,
} from '@chorus/chain';
import { roundAttestor, validationRegistry } from '@chorus/contracts';
import { type Hex, SHARE_ONE } from '@chorus/protocol';
import { AbiCoder, Contract, FetchRequest, JsonRpcProvider, keccak256, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deployAcceptingVerifiers } from '../twins/verifiers.ts';
import { Fixture, refused } from './chain/fixture.ts';

describe('what only the chain over JSON-RPC has', () => {
  let devnet: Devnet;
  let deployment: Deployment;
  let fixture: Fixture;
  let ports: ChorusChain[];
  let taskId: bigint;
  let provider: JsonRpcProvider;

  beforeAll(async () => {
    devnet = await startDevnet({ accounts: 10 });
    const { url, privateKeys } = devnet;
    const privateKey = privateKeys[0]!;
    const verifier = await deployAcceptingVerifiers(url, privateKey);
    deployment = await deployChorus({ url, privateKey, verifier });
    const contract = deployment.taskManager;
    ports = await Promise.all(privateKeys.map((key) => connectChain({ url, contract, privateKey: key })));
    provider = new JsonRpcProvider(url, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
    provider.pollingInterval = 20;
    const recipients = ports.slice(1, 9).map((port) => port.account);
    await transferTokens({ url, privateKey, token: deployment.token, recipients, amount: 10n ** 18n });
    fixture = await Fixture.open({
      token: deployment.token,
      treasury: deployment.treasury,
      accounts: ports.slice(1, 9),
      poor: ports[9]!,
      passTime: async (seconds) => {
        await provider.send('evm_increaseTime', [seconds]);
        await provider.send('evm_mine', []);
      },
      close: async () => undefined,
    });
    taskId = await fixture.running({ slashReporterBps: 1_000, slashBurnBps: 9_000 });
    const late = fixture.trainers[2]!.account;
    for (const i of [0, 1]) await fixture.commit(i, taskId, 1);
    for (const port of fixture.validators) await fixture.seal(port, taskId, 1);
    await fixture.timeOut(taskId);
    for (const port of fixture.validators) await fixture.openSeal(port, taskId, 1);
    expect((await fixture.owner.task(taskId)).trainers).toContain(late);
    const given = fixture.settlement([1, 2, 0], [SHARE_ONE, 0, 0]);
    await fixture.settle(await fixture.drawn(taskId), taskId, 1, given);
  });
  afterAll(async () => {
    for (const port of ports ?? []) await port.close();
    provider?.destroy();
    await devnet?.close();
  });

  it('ended rounds are read from the index, without further log requests to the endpoint', async () => {
    const { url } = devnet;
    const store = memoryEventStore();
    const { taskManager, stakes, startBlock: fromBlock } = deployment;
    const { index, close } = await openEventIndex({
      url,
      contracts: [taskManager, stakes],
      fromBlock,
      store,
    });
    const changes = await index.sync();
    expect(changes.filter(({ event }) => event?.type === 'joined')).toHaveLength(7);
    // Of the stake contract the logs are kept as well.
    expect(changes.some(({ log }) => log.address === stakes)).toBe(true);
    const privateKey = devnet.privateKeys[1]!;
    const indexed = await connectChain({ url, contract: taskManager, privateKey, index });
    const asked: string[] = [];
    const send = vi.spyOn(FetchRequest.prototype, 'send').mockImplementation(function (this: FetchRequest) {
      asked.push(new TextDecoder().decode(this.body ?? new Uint8Array()));
      return original.call(this);
    });
    const read = async (chain: ChorusChain) => [
      await chain.members(taskId),
      await chain.round(taskId, 1),
      await chain.settledRound(taskId, 1),
      await chain.settlement(taskId, 1),
    ];
    const fromIndex = await read(indexed);
    const logsAsked = asked.filter((body) => body.includes('eth_getLogs')).length;
    send.mockRestore();
    expect(asked.length).toBeGreaterThan(4);
    expect(logsAsked).toBe(0);
    expect(fromIndex).toEqual(await read(ports[1]!));
    expect((await indexed.round(taskId, 1)).updates[2]).toBeNull();
    await indexed.close();
    await close();
  });

  it('any account can send a signed claim, once, before its deadline, for exactly the signed content', async () => {
    const { token } = deployment;
    const trainer = ports[2]!;
    const sender = ports[1]!;
    const to = '0x00000000000000000000000000000000000c1a13';
    const deadline = (await trainer.now()) + 1_000;
    const { order, signature } = await trainer.signClaim(token, [taskId], to, deadline);
    const code = 'E_CHAIN_INVALID_SIGNATURE';
    await refused(code, sender.claimBySignature({ ...order, to: sender.account }, signature));
    await refused(code, sender.claimBySignature({ ...order, deadline: deadline + 1 }, signature));
    await refused(code, sender.claimBySignature({ ...order, account: sender.account }, signature));
    const late = await trainer.signClaim(token, [taskId], to, (await trainer.now()) - 1);
    await refused(code, sender.claimBySignature(late.order, late.signature));
    const before = await sender.balance(token, to);
    const { amount } = await sender.claimBySignature(order, signature);
    expect(amount).toBeGreaterThan(0n);
    expect((await sender.balance(token, to)) - before).toBe(amount);
    await refused(code, sender.claimBySignature(order, signature));
  });

  it('the reporter of an offence claims its part of the slash once', async () => {
    const { token } = deployment;
    // The third trainer did not commit; what that cost it is burned.
    expect(await (fixture.owner as ChorusChain).reportRewards(token)).toBe(0n);
    const rejecting = await fixture.running({ rounds: 1, slashReporterBps: 1_000, slashBurnBps: 9_000 });
    await fixture.toSettle(rejecting);
    const reporter = (await fixture.drawn(rejecting)) as ChorusChain;
    const lists = { unavailable: [], rejected: [1] };
    const votes = await fixture.votes(rejecting, 1, lists);
    await fixture.settle(reporter, rejecting, 1, fixture.settlement([], [], { ...lists, votes }));
    // 20 % of a stake of 10,000, a tenth of it for the reporter.
    expect(await reporter.reportRewards(token)).toBe(200n);
    expect((await reporter.claimReports(token)).amount).toBe(200n);
    await refused('E_CHAIN_NOTHING_TO_CLAIM', reporter.claimReports(token));
  });

  it('stake is deposited with a signed approval, in one transaction', async () => {
    const { token } = deployment;
    const port = ports[2]!;
    const { agentId } = await port.registerIdentity('');
    const nonce = await provider.getTransactionCount(port.account);
    await port.depositStakeWithPermit(token, agentId, 123n);
    expect(await provider.getTransactionCount(port.account)).toBe(nonce + 1);
    expect(await port.stake(token, agentId)).toEqual({ tokens: 123n, locked: 0n, free: 123n });
    // A token without permits.
    const none = deployment.identities;
    await refused('E_CHAIN_INVALID_PARAMS', port.depositStakeWithPermit(none, agentId, 1n));
  });

  it('locks, tickets, slashes and deeds of an identity are read one by one', async () => {
    const { token } = deployment;
    const [port, absent] = [ports[2]!, ports[4]!];
    const agentId = fixture.agentOf(port);
    expect(await port.lockedStake(token, agentId, taskId)).toBe(10_000n);
    expect(await port.lockedStake(token, fixture.agentOf(absent), taskId)).toBe(9_900n);
    expect(await port.slashCount(agentId)).toBe(0);
    expect(await port.slashCount(fixture.agentOf(absent))).toBe(1);
    const values = [taskId, 1, absent.account, 0];
    const types = ['uint256', 'uint256', 'address', 'uint8'];
    const offence = keccak256(AbiCoder.defaultAbiCoder().encode(types, values)) as Hex;
    expect(await port.wasSlashed(offence)).toBe(true);
    expect(await port.wasSlashed(`0x${'00'.repeat(32)}`)).toBe(false);
    const { ticket } = await port.requestUnbond(token, agentId, 7n);
    expect(await port.unbondTicket(ticket.id)).toEqual({ ...ticket, owner: port.account });
    expect(await port.unbondTicket(99_999n)).toBeNull();
    expect(await port.history(agentId)).toEqual({ rounds: 0, rewarded: 0 });
    await port.attest(taskId, 1);
    expect(await port.history(agentId)).toEqual({ rounds: 1, rewarded: 1 });
    expect(await port.history(fixture.agentOf(absent))).toEqual({ rounds: 1, rewarded: 0 });
  });

  it('a validation request whose hash another account used is made under another hash, and is answered', async () => {
    const { attestor, validations } = await ports[2]!.contracts();
    const trainer = ports[2]!;
    const [agentId, others] = [fixture.agentOf(trainer), fixture.agentOf(ports[1]!)];
    const registry = new Contract(validations, [...validationRegistry.abi], provider);
    const rater = new Contract(attestor, [...roundAttestor.abi], provider);
    const view = (contract: Contract, name: string, ...args: unknown[]) =>
      contract.getFunction(name)(...args);
    // Any account can compute the hash of another identity's request, and use it for its own.
    const squatted = await view(rater, 'requestHashOf', taskId, agentId);
    const signer = new Wallet(devnet.privateKeys[1]!, provider);
    const squat = await (registry.connect(signer) as Contract)
      .getFunction('validationRequest')
      .send(attestor, others, '', squatted);
    await squat.wait();
    await trainer.requestValidation(taskId, agentId);
    const asked = await view(rater, 'requestHashOf', taskId, agentId);
    expect(asked).not.toBe(squatted);
    expect((await view(registry, 'getValidationStatus', asked)).agentId).toBe(agentId);
    await fixture.toSettle(taskId, 2);
    const given = fixture.settlement([1, 0, 0], [SHARE_ONE, 0, 0]);
    await fixture.settle(await fixture.drawn(taskId, 2), taskId, 2, given);
    await trainer.attest(taskId, 2);
    expect((await view(registry, 'getValidationStatus', asked)).response).toBe(100n);
    expect((await view(registry, 'getValidationStatus', squatted)).response).toBe(0n);
    await refused('E_CHAIN_ALREADY_DONE', trainer.requestValidation(taskId, agentId));
  });
});

const original = FetchRequest.prototype.send;
