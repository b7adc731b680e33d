import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChorusChain,
  connectChain,
  type Devnet,
  deployChorus,
  startDevnet,
  transferTokens,
} from '@chorus/chain';
import { chorusToken } from '@chorus/contracts';
import { createNode, defineConfig, parseConfig, writeNewNodeKey } from '@chorus/node';
import { type Address, type Hex, type SignedTransfer, toHex } from '@chorus/protocol';
import { Contract, JsonRpcProvider, Signature, Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MockOpenAi, mockOpenAi } from '../../packages/inference/src/testing/mock-openai.ts';
import { agents } from '../../packages/service-agents/src/agents.ts';
import {
  AGENTS_SECTION,
  type AgentsNodeConfig,
} from '../../packages/service-agents/src/config/agents-config.ts';
import { type AgentsNode, chatFile } from '../../packages/service-agents/src/testing/agents-node.ts';
import { type Buyer, paymentFor, stockBuyer } from '../../packages/service-agents/src/testing/paying.ts';
import { MemoryHub } from '../twins/network.ts';
import { MemorySwarm } from '../twins/storage.ts';
import { deployAcceptingVerifiers } from '../twins/verifiers.ts';

/** 0.02 CHOR. */
const PRICE = 20_000_000_000_000_000n;

let devnet: Devnet;
let provider: JsonRpcProvider;
let token: Address;
let chain: ChorusChain;
let node: AgentsNode;
let folder: string;
let endpoint: MockOpenAi;
let base: string;
let contract: Address;
const keys = () => devnet.privateKeys as [Hex, Hex, Hex, Hex];
const rich = (): Buyer => stockBuyer(token, PRICE, 31_337, keys()[2]);

beforeAll(async () => {
  endpoint = await mockOpenAi();
  devnet = await startDevnet({ accounts: 24 });
  const { url } = devnet;
  const verifier = await deployAcceptingVerifiers(url, keys()[0]);
  const deployed = await deployChorus({ url, privateKey: keys()[0], verifier });
  ({ token } = deployed);
  contract = deployed.taskManager;
  provider = new JsonRpcProvider(url, 31_337, { staticNetwork: true, cacheTimeout: -1 });
  const recipients = devnet.privateKeys.slice(2).map((key) => new Wallet(key).address as Address);
  await transferTokens({ url, privateKey: keys()[0], token, recipients, amount: 100n * PRICE });
});
afterAll(async () => {
  provider?.destroy();
  await devnet?.close();
  await endpoint.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-paid-'));
  const { peerId } = await writeNewNodeKey(folder);
  chain = await connectChain({ url: devnet.url, contract, privateKey: keys()[1] });
  const config = parseConfig(
    defineConfig([AGENTS_SECTION]),
    {
      dataDir: folder,
      chain: { url: devnet.url, contract },
      gateway: { enabled: true, requestsPerMinute: 10_000 },
      agents: { tokens: [token], open: 256, openPerCaller: 256 },
    },
    'test',
  ) as AgentsNodeConfig;
  node = await createNode({
    config,
    services: { agents: agents() },
    ports: { chain, network: new MemoryHub().create(peerId), storage: new MemorySwarm().create() },
  });
  const file = await chatFile(folder, endpoint.url, 'guide', { more: 'price: 0.02 CHOR\n' });
  base = (await node.services.agents.startAgent({ file })).urls.http!;
});
afterEach(async () => {
  await provider.send('evm_setAutomine', [true]);
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

const payee = () => chain.account;
const earned = () => chain.balance(token, payee());
const nonceOf = (address: string) => provider.getTransactionCount(address);
const answered = () => node.services.agents.show('guide').answers.completed;

const body = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'SendMessage',
  params: { message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'ahoy' }] } },
});
const HEADERS = { 'content-type': 'application/json', 'a2a-version': '1.0' };
const ask = (payment?: string) =>
  fetch(new URL('a2a', base), {
    method: 'POST',
    headers: { ...HEADERS, ...(payment ? { 'payment-signature': payment } : {}) },
    body,
  });

/** The transfer that a payment has signed. */
function transferIn(header: string): SignedTransfer {
  const { payload } = JSON.parse(Buffer.from(header, 'base64').toString());
  const { from, to, value, validAfter, validBefore, nonce } = payload.authorization;
  return {
    ...{ token, from, to, nonce, signature: payload.signature },
    ...{ value: BigInt(value), validAfter: BigInt(validAfter), validBefore: BigInt(validBefore) },
  };
}

describe('calls that are paid on a chain', () => {
  it('the client of x402’s authors pays in the token of the network, once, and pays no gas', async () => {
    const buyer = rich();
    const [before, gas] = [await earned(), await provider.getBalance(buyer.address)];
    const response = await buyer.fetch(new URL('a2a', base), { method: 'POST', headers: HEADERS, body });
    expect(JSON.stringify(await response.json())).toContain('echo: ahoy');
    expect((await earned()) - before).toBe(PRICE);
    expect(await provider.getBalance(buyer.address)).toBe(gas);
    const settled = JSON.parse(Buffer.from(response.headers.get('payment-response')!, 'base64').toString());
    expect((await provider.getTransactionReceipt(settled.transaction))?.status).toBe(1);
    const stream = body.replace('SendMessage', 'SendStreamingMessage');
    const streamed = await buyer.fetch(new URL('a2a', base), {
      method: 'POST',
      headers: HEADERS,
      body: stream,
    });
    expect(streamed.headers.get('content-type')).toBe('text/event-stream');
    expect(await streamed.text()).toContain('o: ahoy');
    expect((await earned()) - before).toBe(2n * PRICE);
  });

  it('one payment sent 50 times at once is one transaction, and one answer', async () => {
    const payment = await paymentFor(await ask(), rich().wallet);
    const [before, nonce, asked] = [await earned(), await nonceOf(payee()), endpoint.requests.length];
    const all = await Promise.all(Array.from({ length: 50 }, () => ask(payment)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(all.filter(({ status }) => status === 409)).toHaveLength(49);
    expect((await earned()) - before).toBe(PRICE);
    expect((await nonceOf(payee())) - nonce).toBe(1);
    expect(endpoint.requests.length - asked).toBe(1);
  });

  it('20 payers at once are each charged once, and each answered', async () => {
    const buyers = devnet.privateKeys.slice(4).map((key) => stockBuyer(token, PRICE, 31_337, key));
    const before = await earned();
    const all = await Promise.all(
      buyers.map((buyer) => buyer.fetch(new URL('a2a', base), { method: 'POST', headers: HEADERS, body })),
    );
    expect(all.map(({ status }) => status)).toEqual(buyers.map(() => 200));
    expect((await earned()) - before).toBe(BigInt(buyers.length) * PRICE);
    expect(answered()).toBe(buyers.length);
  });

  it('a payment that a stranger has sent first is found by its events, and is worth the work', async () => {
    const payment = await paymentFor(await ask(), rich().wallet);
    const { from, to, value, validAfter, validBefore, nonce, signature } = transferIn(payment);
    const stranger = new Wallet(keys()[3], provider);
    const abi = new Contract(token, [...chorusToken.abi], stranger);
    const { v, r, s } = Signature.from(signature);
    const send = chain.sendTransfer;
    // Between the seller's last look and its own transaction.
    node.ports.chain.sendTransfer = async (transfer) => {
      const first = await abi.getFunction('transferWithAuthorization')(
        ...[from, to, value, validAfter, validBefore, nonce, v, r, s],
      );
      await first.wait();
      return send(transfer);
    };
    const before = await earned();
    expect((await ask(payment)).status).toBe(200);
    expect((await earned()) - before).toBe(PRICE);
    expect((await ask(payment)).status).toBe(409);
  });

  it('a payer that cancels in the same block gets nothing, at the price of one transaction each', async () => {
    const { wallet } = rich();
    const payment = await paymentFor(await ask(), wallet);
    const { nonce } = transferIn(payment);
    const domain = { name: 'Chorus', version: '1', chainId: 31_337, verifyingContract: token };
    const cancel = await wallet.signTypedData(
      domain,
      {
        CancelAuthorization: ['authorizer:address', 'nonce:bytes32'].map((f) => ({
          name: f.split(':')[0]!,
          type: f.split(':')[1]!,
        })),
      },
      { authorizer: wallet.address, nonce },
    );
    const { v, r, s } = Signature.from(cancel);
    const abi = new Contract(token, [...chorusToken.abi], new Wallet(keys()[3], provider));
    const sent = await nonceOf(payee());
    await provider.send('evm_setAutomine', [false]);
    const asked = ask(payment);
    // The seller's transaction waits for its block; the cancellation pays more, and goes first.
    while ((await provider.send('txpool_status', [])).pending === '0x0')
      await new Promise((go) => setTimeout(go, 20));
    await abi.getFunction('cancelAuthorization')(wallet.address, nonce, v, r, s, {
      maxPriorityFeePerGas: 10n ** 11n,
      maxFeePerGas: 2n * 10n ** 11n,
      gasLimit: 200_000n,
    });
    await provider.send('evm_mine', []);
    await provider.send('evm_setAutomine', [true]);
    const response = await asked;
    expect(response.status).toBe(402);
    expect((await nonceOf(payee())) - sent).toBe(1);
    expect(answered()).toBe(0);
    // Asking again costs the seller nothing.
    expect((await ask(payment)).status).toBe(402);
    expect((await nonceOf(payee())) - sent).toBe(1);
  });

  it('what cannot be settled costs the seller no gas', async () => {
    const sent = await nonceOf(payee());
    const poor = new Wallet(toHex(crypto.getRandomValues(new Uint8Array(32))));
    const bad = [
      await paymentFor(await ask(), poor),
      await paymentFor(await ask(), rich().wallet, {
        value: PRICE - 1n,
        accepted: { amount: (PRICE - 1n).toString() },
      }),
      await paymentFor(await ask(), rich().wallet, { token: contract }),
      await paymentFor(await ask(), rich().wallet, { validBefore: 1n }),
    ];
    for (const payment of bad) expect((await ask(payment)).status).toBe(402);
    expect((await nonceOf(payee())) - sent).toBe(0);
    expect(answered()).toBe(0);
  });
});
