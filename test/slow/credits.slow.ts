import { connectAgent } from '@chorus/a2a';
import type { PaidDocument } from '@chorus/admin-api';
import { hasCode } from '@chorus/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../../apps/cli/src/devnet/layout.ts';
import { type MockOpenAi, mockOpenAi } from '../../packages/inference/src/testing/mock-openai.ts';
import {
  type Paid,
  type PayingFetch,
  type Purse,
  payingFetch,
  type Send,
} from '../../packages/payments/src/index.ts';
import { chatFile } from '../../packages/service-agents/src/testing/agents-node.ts';
import { until } from '../e2e/chorus-node.ts';
import { NodeNetwork } from './node-network.ts';

const CHOR = 10n ** 18n;
/** 0.02 CHOR. */
const PRICE = CHOR / 50n;
const CALLS = 1_000;
const AT_ONCE = 8;
const NODES = ['seller', 'buyer'] as const;
type Name = (typeof NODES)[number];

let nodes: NodeNetwork<Name>;
let endpoint: MockOpenAi;

beforeAll(async () => {
  endpoint = await mockOpenAi();
  // The seller is called at the same address after a restart.
  const [port] = await freePorts(1);
  nodes = await NodeNetwork.start({
    names: NODES,
    deployment: { treasury: '0x00000000000000000000000000000000000fee00' },
    tokens: (name) => (name === 'buyer' ? 100n * CHOR : 0n),
    config: (name, { token }) => ({
      gateway: { enabled: name === 'seller', port, requestsPerMinute: 1_000_000 },
      agents: { tokens: [token], channels: { claimCalls: 1_000_000, claimHours: 700 } },
    }),
  });
});
afterAll(async () => {
  await nodes?.close();
  await endpoint?.close();
});

const sentBy = (name: Name) => nodes.provider.getTransactionCount(nodes.addressOf(name));
const balanceOf = (account: string) => nodes.balanceOf(account);
const as = (of: Name, ...args: string[]) => nodes.as(of, ...args);

const paidOf = ({ id, header, nonce, token: at, amount, channel }: PaidDocument): Paid => ({
  ...{ id, header, nonce, channel, token: at as Paid['token'] },
  amount: BigInt(amount),
});

/** One inference, as a program of its own asks for it; the buyer's node pays from what is prepaid, once for each `intent`. */
async function infer(base: string, intent: string): Promise<void> {
  const api = () => nodes.api('buyer');
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
  const file = await chatFile(nodes.folder, endpoint.url, 'guide', { more: 'price: 0.02 CHOR\nshare: {}\n' });
  await as('seller', 'agent', 'start', file);
  const { agentId } = await as('seller', 'agent', 'register', 'guide');
  const base = (await nodes.api('seller').agent('guide')).urls!.http!;
  const planned = await as('buyer', 'credits', 'open', base, '24 CHOR', '--dry-run');
  expect(planned).toMatchObject({ id: null, state: 'new', balance: String(24n * CHOR) });
  const before = {
    buyer: await sentBy('buyer'),
    seller: await sentBy('seller'),
    has: await balanceOf(nodes.addressOf('buyer')),
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
    await nodes.kill(name);
    await nodes.startNode(name);
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
  expect(await balanceOf(nodes.addressOf('seller'))).toBe((charged * 99n) / 100n);
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
  await nodes.kill('seller');
  await nodes.startNode('seller');
  await until(async () => (await balanceOf(receiver)) > 0n);
  await nodes.passTime(86_401);
  expect(await as('buyer', 'credits', 'close', id)).toMatchObject({ state: 'closed' });
  expect(before.has - (await balanceOf(nodes.addressOf('buyer')))).toBe(charged + PRICE);
});
