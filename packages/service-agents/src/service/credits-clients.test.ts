import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminClient, createAdminClient, readAdmin } from '@chorus/admin-api';
import { type Address, type ChannelConfig, type Hex, toHex } from '@chorus/protocol';
import { BatchSettlementEvmScheme } from '@x402/evm/batch-settlement/client';
import { wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryChain, MemoryLedger } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, AgentsWorld, chatFile, startAgentsNode } from '../testing/agents-node.ts';

/** Vouchers as strangers make them: by the client of x402's authors, and by hand. */

let endpoint: MockOpenAi;
let folder: string;
let ledger: MemoryLedger;
let node: AgentsNode;
let api: AdminClient;
let base: string;
let wallet: Wallet;
let chain: MemoryChain;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-vouchers-'));
  ledger = new MemoryLedger();
  const config = {
    gateway: { enabled: true, requestsPerMinute: 10_000 },
    agents: { tokens: [ledger.token] },
  };
  node = await startAgentsNode(folder, new MemoryHub(), config, undefined, new AgentsWorld(ledger));
  api = createAdminClient(await readAdmin(folder));
  const file = await chatFile(folder, endpoint.url, 'guide', { more: 'price: 3 TWIN\n' });
  base = (await node.services.agents.startAgent({ file })).urls.http!;
  const key = toHex(randomBytes(32));
  wallet = new Wallet(key);
  chain = new MemoryChain(ledger, key);
  ledger.mint(ledger.token, chain.account, 10_000n);
});
afterEach(async () => {
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

const body = (text: string) =>
  JSON.stringify({
    ...{ jsonrpc: '2.0', id: 1, method: 'SendMessage' },
    params: { message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text }] } },
  });
const post = (text: string, payment?: string, send: typeof fetch = fetch) =>
  send(new URL('a2a', base), {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', 'a2a-version': '1.0' },
      ...(payment ? { 'payment-signature': payment } : {}),
    },
    body: body(text),
  });
const answered = () => node.services.agents.show('guide').answers.completed;
const decoded = (header: string | null) => JSON.parse(Buffer.from(header!, 'base64').toString());
const reasonOf = async (response: Response) =>
  response.status === 402
    ? decoded(response.headers.get('payment-required')).error
    : ((await response.json()) as { code: string }).code;

const configOf = (change: Partial<ChannelConfig> = {}): ChannelConfig => {
  const provider = node.ports.chain.account.toLowerCase() as Address;
  return {
    ...{
      payer: chain.account,
      payerAuthorizer: chain.account,
      receiver: provider,
      receiverAuthorizer: provider,
    },
    ...{ token: ledger.token, withdrawDelay: 86_400, salt: `0x${'00'.repeat(32)}` },
    ...change,
  };
};
const opened = async (amount: bigint, change: Partial<ChannelConfig> = {}): Promise<ChannelConfig> => {
  const config = configOf(change);
  const deposit = { amount, salt: toHex(randomBytes(32)), validBefore: 2n ** 40n };
  await chain.depositToChannel(config, deposit);
  return config;
};

/** The header of a payment by a voucher; `change` is of the document alone. */
async function voucherOf(
  config: ChannelConfig,
  ceiling: bigint,
  change: { signer?: MemoryChain; signature?: Hex; channelId?: Hex; amount?: string; id?: string } = {},
): Promise<string> {
  const asked = decoded((await post('x')).headers.get('payment-required'));
  const accepted = asked.accepts.find(({ scheme }: { scheme: string }) => scheme === 'batch-settlement');
  const { signer = chain, signature, channelId, amount, id } = change;
  const document = {
    ...{ x402Version: 2, resource: asked.resource },
    accepted: { ...accepted, ...(amount ? { amount } : {}) },
    payload: {
      type: 'voucher',
      channelConfig: config,
      voucher: {
        channelId: channelId ?? (await chain.channelId(config)),
        maxClaimableAmount: ceiling.toString(),
        signature: signature ?? (await signer.signVoucher(config, ceiling)),
      },
    },
    ...(id ? { extensions: { 'payment-identifier': { info: { id } } } } : {}),
  };
  return Buffer.from(JSON.stringify(document)).toString('base64');
}

describe('the client of x402’s authors', () => {
  const stock = () => {
    const signer = {
      address: wallet.address as Hex,
      signTypedData: async ({
        domain,
        types,
        message,
      }: {
        domain: object;
        types: object;
        message: object;
      }) => {
        const { EIP712Domain: _, ...own } = types as Record<string, { name: string; type: string }[]>;
        return (await wallet.signTypedData(domain, own, message)) as Hex;
      },
      // How it finds what is in a channel.
      readContract: async ({ functionName }: { functionName: string }) => {
        const { balance, claimed } = await chain.channel(configOf());
        return functionName === 'channels' ? [balance, claimed] : 0n;
      },
    };
    const network = 'eip155:31337' as const;
    const client = x402Client.fromConfig({
      schemes: [{ network, client: new BatchSettlementEvmScheme(signer as never) }],
      spendControls: { allowedAssets: [{ network, asset: ledger.token, maxAmountPerPayment: '10' }] },
    });
    return wrapFetchWithPayment(fetch, client) as typeof fetch;
  };

  it('pays by vouchers of an open channel, and finds its place again when it has lost it', async () => {
    await opened(100n);
    const first = stock();
    for (const text of ['one', 'two', 'three']) {
      const response = await post(text, undefined, first);
      expect(response.status).toBe(200);
      expect(JSON.stringify(await response.json())).toContain(`echo: ${text}`);
    }
    expect(answered()).toBe(3);
    const again = await post('four', undefined, stock());
    expect(again.status).toBe(200);
    expect(decoded(again.headers.get('payment-response'))).toMatchObject({
      success: true,
      transaction: '',
      extra: { chargedAmount: '3', channelState: { chargedCumulativeAmount: '12', totalClaimed: '0' } },
    });
    await api.claimCredits();
    expect(ledger.balance(ledger.token, node.ports.chain.account)).toBe(12n);
  });
});

describe('a voucher of a stranger', () => {
  it('pays for one call, however often, at once and with whatever request it is sent', async () => {
    const config = await opened(100n);
    const voucher = await voucherOf(config, 3n);
    const responses = await Promise.all(Array.from({ length: 20 }, () => post('same', voucher)));
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const text of ['same', 'another']) expect((await post(text, voucher)).status).not.toBe(200);
    expect(answered()).toBe(1);
    // With another id it is still the same voucher.
    expect((await post('third', await voucherOf(config, 3n, { id: 'an-id-of-their-own' }))).status).toBe(402);
    expect(answered()).toBe(1);
    expect((await api.credits()).channels).toMatchObject([{ calls: 1, charged: '3' }]);
  });

  it('that comes before an earlier one is taken, and so is that one, but no sum pays for two calls', async () => {
    const config = await opened(100n);
    const [early, late] = await Promise.all([voucherOf(config, 3n), voucherOf(config, 6n)]);
    expect((await post('second', late)).status).toBe(200);
    expect((await post('first', early)).status).toBe(200);
    // Both together state 6: a third call is not covered, whatever is sent again.
    for (const voucher of [early, late, await voucherOf(config, 5n)]) {
      const response = await post('third', voucher);
      expect(response.status).not.toBe(200);
    }
    const short = await post('third', await voucherOf(config, 8n));
    expect(await reasonOf(short)).toBe('invalid_batch_settlement_evm_cumulative_amount_mismatch');
    const [, entry] = decoded(short.headers.get('payment-required')).accepts;
    expect(entry.extra).toMatchObject({
      channelState: { chargedCumulativeAmount: '6', balance: '100' },
      voucherState: { signedMaxClaimable: '6', signature: await chain.signVoucher(config, 6n) },
    });
    expect(answered()).toBe(2);
  });

  it.each<[string, string, () => Promise<string>]>([
    [
      'of another signer',
      'voucher_signature',
      async () =>
        voucherOf(await opened(100n), 3n, { signer: new MemoryChain(ledger, toHex(randomBytes(32))) }),
    ],
    [
      'of another sum than was signed',
      'voucher_signature',
      async () => {
        const config = await opened(100n);
        return voucherOf(config, 90n, { signature: await chain.signVoucher(config, 3n) });
      },
    ],
    [
      'of another channel',
      'channel_id_mismatch',
      async () => voucherOf(await opened(100n), 3n, { channelId: `0x${'11'.repeat(32)}` }),
    ],
    ['of a channel without money', 'channel_not_found', async () => voucherOf(configOf(), 3n)],
    ['beyond the balance', 'cumulative_exceeds_balance', async () => voucherOf(await opened(100n), 101n)],
    ['below the price', 'cumulative_amount_mismatch', async () => voucherOf(await opened(100n), 2n)],
    [
      'for less than the price',
      'another amount',
      async () => voucherOf(await opened(100n), 3n, { amount: '1' }),
    ],
    [
      'of a channel to someone else',
      'receiver_mismatch',
      async () => voucherOf(await opened(100n, { receiver: chain.account }), 3n),
    ],
    [
      'of a channel that someone else may empty',
      'receiver_authorizer_mismatch',
      async () => voucherOf(await opened(100n, { receiverAuthorizer: chain.account }), 3n),
    ],
    [
      'of a channel that is emptied too soon',
      'withdraw_delay_mismatch',
      async () => voucherOf(await opened(100n, { withdrawDelay: 900 }), 3n),
    ],
    [
      'of a channel in another token',
      'token_mismatch',
      async () => voucherOf(configOf({ token: chain.account }), 3n),
    ],
    [
      'of a channel that is too small to be worth a claim',
      'at least 10 calls',
      async () => voucherOf(await opened(29n), 3n),
    ],
    [
      'of a channel that its payer is closing',
      'closing the channel',
      async () => {
        const config = await opened(100n);
        await chain.startWithdrawal(config, 1n);
        return voucherOf(config, 3n);
      },
    ],
  ])('%s is refused with its reason, and nothing is done', async (_, reason, make) => {
    const response = await post('work', await make());
    expect(response.status).toBe(402);
    expect(await reasonOf(response)).toContain(reason);
    expect(answered()).toBe(0);
    expect((await api.credits()).channels).toEqual([]);
  });

  it('counts no more once its payer has withdrawn, also if the node has not looked since', async () => {
    const config = await opened(100n);
    expect((await post('one', await voucherOf(config, 3n))).status).toBe(200);
    await chain.startWithdrawal(config, 90n);
    ledger.passTime(86_401);
    await chain.finishWithdrawal(config);
    // What is left is 10: the voucher of 3 can be claimed, and one of 12 is not served on what was read before.
    await api.claimCredits();
    expect(ledger.balance(ledger.token, node.ports.chain.account)).toBe(3n);
    expect(await reasonOf(await post('two', await voucherOf(config, 12n)))).toContain('exceeds_balance');
    expect(answered()).toBe(1);
  });

  it('of more than is left pays nothing for those after it: charges end at the balance', async () => {
    const config = await opened(100n);
    expect((await post('one', await voucherOf(config, 100n))).status).toBe(200);
    await chain.startWithdrawal(config, 90n);
    await api.claimCredits();
    ledger.passTime(86_401);
    await chain.finishWithdrawal(config);
    // 10 are left, of which 3 are claimed; the voucher of 100 is still held, and each of these sums is new.
    for (const ceiling of [4n, 5n, 6n, 7n, 8n]) await post('free?', await voucherOf(config, ceiling));
    expect(answered()).toBe(3);
    expect(await reasonOf(await post('two', await voucherOf(config, 9n)))).toContain('exceeds_balance');
    await api.claimCredits();
    expect(ledger.balance(ledger.token, node.ports.chain.account)).toBe(9n);
  });

  it('of an account that can become a contract is not taken: its word could change before the claim', async () => {
    const config = await opened(100n, { payerAuthorizer: `0x${'00'.repeat(20)}` });
    expect(await reasonOf(await post('one', await voucherOf(config, 3n)))).toContain('must name the key');
    expect(answered()).toBe(0);
  });

  it('counts from what was claimed at a provider that lost its store', async () => {
    const config = await opened(100n);
    for (const ceiling of [3n, 6n])
      expect((await post('x', await voucherOf(config, ceiling))).status).toBe(200);
    await api.claimCredits();
    node.store.transact(() => {
      for (const table of ['agents_channels', 'agents_vouchers', 'agents_sales']) {
        node.store.db.prepare(`DELETE FROM ${table}`).run();
      }
    });
    // What was claimed was used: the old vouchers, which anyone can read on chain, buy nothing.
    for (const ceiling of [3n, 6n])
      expect((await post('x', await voucherOf(config, ceiling))).status).not.toBe(200);
    expect((await post('x', await voucherOf(config, 9n))).status).toBe(200);
    expect((await api.credits()).channels).toMatchObject([{ charged: '9', claimed: '6' }]);
  });
});
