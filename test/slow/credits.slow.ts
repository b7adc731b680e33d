import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAgent } from '@chorus/a2a';
import type { AdminClient, PaidDocument } from '@chorus/admin-api';
import { type Deployment, type Devnet, deployChorus, startDevnet } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { chorusToken } from '@chorus/contracts';
import { hasCode } from '@chorus/protocol';
import { Contract, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChorus } from '../../apps/cli/src/testing/run-chorus.ts';
import { type MockOpenAi, mockOpenAi } from '../../packages/inference/src/testing/mock-openai.ts';
import {
  type Paid,
  type PayingFetch,
  type Purse,
  payingFetch,
  type Send,
} from '../../packages/payments/src/index.ts';
import { chatFile } from '../../packages/service-agents/src/testing/agents-node.ts';
import { kill, startNode, until, writeHome } from '../e2e/chorus-node.ts';

const CHOR = 10n ** 18n;
/** 0.02 CHOR. */
const PRICE = CHOR / 50n;
const CALLS = 1_000;
const AT_ONCE = 8;
const NODES = ['seller', 'buyer'] as const;
type Name = (typeof NODES)[number];

let folder: string;
let devnet: Devnet;
let deployed: Deployment;
let provider: JsonRpcProvider;
let token: Contract;
let endpoint: MockOpenAi;
const processes = new Map<string, ChildProcess>();
const apis = {} as Record<Name, AdminClient>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-credits-'));
  endpoint = await mockOpenAi();
  devnet = await startDevnet({ accounts: 3 });
  deployed = await deployChorus({
    ...{ url: devnet.url, privateKey: devnet.privateKeys[0]!, verifier: developmentKey() },
    treasury: '0x00000000000000000000000000000000000fee00',
  });
  provider = new JsonRpcProvider(devnet.url, devnet.chainId, { staticNetwork: true, cacheTimeout: -1 });
  const holder = new Wallet(devnet.privateKeys[0]!, provider);
  token = new Contract(deployed.token, [...chorusToken.abi], holder);
  await (await token.getFunction('transfer')(addressOf('buyer'), 100n * CHOR)).wait();
  for (const name of NODES) {
    await writeHome(join(folder, name), keyOf(name), {
      chain: { url: devnet.url, contract: deployed.taskManager },
      network: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      gateway: { enabled: name === 'seller', port: 18_611, requestsPerMinute: 1_000_000 },
      agents: { tokens: [deployed.token], channels: { claimCalls: 1_000_000, claimHours: 700 } },
    });
    await start(name);
  }
});
afterAll(async () => {
  await Promise.all([...processes.values()].map(kill));
  provider?.destroy();
  await devnet?.close();
  await endpoint?.close();
  await rm(folder, { recursive: true, force: true });
});

const keyOf = (name: Name) => devnet.privateKeys[1 + NODES.indexOf(name)]!;
const addressOf = (name: Name) => new Wallet(keyOf(name)).address;
const balanceOf = (account: string): Promise<bigint> => token.getFunction('balanceOf')(account);
const sentBy = (name: Name) => provider.getTransactionCount(addressOf(name));
async function start(name: Name): Promise<void> {
  apis[name] = (await startNode(join(folder, name), folder, (node) => processes.set(name, node))).api;
}

/** Run a command of a node's owner; its JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what is tested
async function as(of: Name, ...args: string[]): Promise<any> {
  const env = { ...process.env, HOME: folder, CHORUS_HOME: join(folder, of) };
  const { code, stdout, stderr } = await runChorus([...args, '--json'], { cwd: folder, env });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const paidOf = ({ id, header, nonce, token: at, amount, channel }: PaidDocument): Paid => ({
  ...{ id, header, nonce, channel, token: at as Paid['token'] },
  amount: BigInt(amount),
});

/** One inference, as a program of its own asks for it; the buyer's node pays from what is prepaid, once for each `intent`. */
async function infer(base: string, intent: string): Promise<void> {
  const api = () => apis.buyer;
  const purse: Purse = {
    resume: async (request) => {
      const { payment } = await api().resumePayment({ intent, request });
      return payment && paidOf(payment);
    },
    pay: async (required, request) =>
      paidOf(await api().pay({ agent: base, intent, request, required, most: null })),
    ended: async (id, ending) => (await api().endPayment(id, ending)).again,
  };
  let paying: PayingFetch | undefined;
  const through = (send: Send) => {
    paying = payingFetch(send, purse, (nonce, url) => url.replace(/\/a2a$/, `/receipts/${nonce}`));
    return paying.send;
  };
  const agent = await connectAgent(base, { allowPrivate: true, through });
  for await (const _ of agent.call(intent, { messageId: intent }));
  // It was answered, also if the buyer's node dies before it has written that down, or before it has said so.
  await paying!.done().catch(() => undefined);
}

it('a thousand inferences are paid with two transactions, over kill -9 of both sides, to the unit', async () => {
  const file = await chatFile(folder, endpoint.url, 'guide', { more: 'price: 0.02 CHOR\nshare: {}\n' });
  await as('seller', 'agent', 'start', file);
  const { agentId } = await as('seller', 'agent', 'register', 'guide');
  const base = (await apis.seller.agent('guide')).urls!.http!;
  const planned = await as('buyer', 'credits', 'open', base, '24 CHOR', '--dry-run');
  expect(planned).toMatchObject({ id: null, state: 'new', balance: String(24n * CHOR) });
  const before = {
    buyer: await sentBy('buyer'),
    seller: await sentBy('seller'),
    has: await balanceOf(addressOf('buyer')),
  };
  const { id, receiver } = await as('buyer', 'credits', 'open', base, '24 CHOR', '--yes');
  expect(receiver).toBe((await as('seller', 'till', 'show', agentId)).address);

  const waiting = Array.from({ length: CALLS }, (_, i) => `inference number ${i} of them`);
  let [done, again] = [0, 0];
  /** Asks until each was answered once; what broke is asked again with the same intent. */
  const worker = async (): Promise<void> => {
    for (let intent = waiting.pop(); intent !== undefined; intent = waiting.pop()) {
      try {
        await infer(base, intent);
        done++;
      } catch (error) {
        // It was answered, and the answer was lost with the connection.
        if (hasCode(error, 'E_PAYMENT_DONE')) {
          done++;
          continue;
        }
        again++;
        waiting.unshift(intent);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  };
  const working = Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const [at, name] of [
    [300, 'seller'],
    [600, 'buyer'],
  ] as const) {
    await until(async () => done >= at);
    expect(done).toBeGreaterThanOrEqual(at);
    await kill(processes.get(name)!);
    await start(name);
  }
  await working;
  expect(done).toBe(CALLS);
  expect(again).toBeGreaterThan(0);

  const { channels } = await as('seller', 'credits', 'show');
  const charged = BigInt(channels[0].charged);
  expect(channels).toMatchObject([{ id, claimed: '0' }]);
  // A call that was signed for while a process died may have been signed for again: it is the buyer that says so.
  const spent = BigInt((await as('buyer', 'credits', 'show')).credits[0].spent);
  expect(charged).toBeLessThanOrEqual(spent);
  expect(charged).toBe(BigInt(CALLS) * PRICE);
  expect([(await sentBy('buyer')) - before.buyer, (await sentBy('seller')) - before.seller]).toEqual([1, 0]);
  expect(await as('seller', 'credits', 'claim')).toMatchObject({
    claims: [{ channels: 1, amounts: [{ amount: String(charged) }] }],
  });
  expect([(await sentBy('buyer')) - before.buyer, (await sentBy('seller')) - before.seller]).toEqual([1, 1]);
  expect(await balanceOf(receiver)).toBe(charged);

  // From the till on as any other payment: the fee of the network, then its owner's.
  await as('seller', 'earnings', 'claim');
  expect(await balanceOf(addressOf('seller'))).toBe((charged * 99n) / 100n);
  const why = await as('buyer', 'agent', 'why', '--most', '50');
  expect(why.payments).toHaveLength(50);
  for (const { channel, checks } of why.payments) {
    expect(channel).toBe(id);
    expect(checks.every(({ ok }: { ok: boolean }) => ok)).toBe(true);
  }
  // The command pays from the channel by itself.
  expect((await as('buyer', 'agent', 'call', base, 'one more')).paid).toMatchObject({ channel: id });

  // The rest comes back: the seller's node claims the last call while the payer waits.
  expect(await as('buyer', 'credits', 'close', id.slice(0, 12))).toMatchObject({ state: 'closing' });
  await kill(processes.get('seller')!);
  await start('seller');
  await until(async () => (await balanceOf(receiver)) > 0n);
  await provider.send('evm_increaseTime', [86_401]);
  await provider.send('evm_mine', []);
  expect(await as('buyer', 'credits', 'close', id)).toMatchObject({ state: 'closed' });
  expect(before.has - (await balanceOf(addressOf('buyer')))).toBe(charged + PRICE);
});
