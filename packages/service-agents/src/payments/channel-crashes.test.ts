import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeStore } from '@chorus/node';
import {
  ChannelKeeper,
  type Claimed,
  type ClaimRules,
  Credits,
  CreditsStore,
  HeldChannels,
} from '@chorus/payments';
import { type ChannelConfig, ChorusError, type ErrorCode, type Hex, toHex } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryChain, MemoryLedger } from '../../../../test/twins/chain.ts';
import { AGENTS_MIGRATIONS } from '../store/agent-records.ts';

/** Both sides of a channel, of which the process dies, or the chain does not answer, between any two steps. */

const DELAY = 3_600;
let folder: string;
let node: NodeStore;
let ledger: MemoryLedger;
let payer: MemoryChain;
let seller: MemoryChain;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-channels-'));
  node = NodeStore.open(folder);
  node.migrate('agents', AGENTS_MIGRATIONS);
  ledger = new MemoryLedger();
  payer = new MemoryChain(ledger, toHex(randomBytes(32)));
  seller = new MemoryChain(ledger, toHex(randomBytes(32)));
  ledger.mint(ledger.token, payer.account, 1_000n);
});
afterEach(async () => {
  node.close();
  await rm(folder, { recursive: true, force: true });
});

type Sending = 'depositToChannel' | 'startWithdrawal' | 'finishWithdrawal' | 'claimFromChannels';
/** The chain, of which one call fails: before it is made, or after. */
function failing(
  chain: MemoryChain,
  method: Sending,
  when: 'before' | 'after',
  code: ErrorCode,
): MemoryChain {
  const real = chain[method].bind(chain) as (...args: unknown[]) => Promise<unknown>;
  const fail = async (...args: unknown[]): Promise<never> => {
    if (when === 'after') await real(...args);
    throw new ChorusError(code, 'as the test says');
  };
  return new Proxy(chain, {
    get: (target, name) => {
      if (name === method) return fail;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const has = () => ledger.balance(ledger.token, payer.account);

describe('a wallet that prepays', () => {
  /** As a new process has it: of the same store. */
  const credits = (chain = payer) =>
    new Credits({ store: new CreditsStore(node), chain, tokens: [ledger.token] });
  const offer = () => ({
    agent: 'https://a.example/',
    accepts: [
      {
        ...{ scheme: 'batch-settlement', network: 'eip155:31337', asset: ledger.token, amount: '3' },
        ...{ payTo: seller.account, maxTimeoutSeconds: 300 },
        extra: { name: 'Twin', version: '1', receiverAuthorizer: seller.account, withdrawDelay: DELAY },
      },
    ],
  });

  it.each([
    ['before', 'E_CHAIN_UNREACHABLE'],
    ['after', 'E_CHAIN_NOT_MINED'],
    ['after', 'E_CHAIN_UNREACHABLE'],
  ] as const)('whose deposit breaks off %s it is sent (%s) makes it once', async (when, code) => {
    const broken = credits(failing(payer, 'depositToChannel', when, code));
    await expect(broken.open(offer(), 100n)).rejects.toMatchObject({ code });
    expect(credits().store.list()).toMatchObject([{ state: 'opening' }]);
    // The sum of the first try: it was signed.
    expect(await credits().open(offer(), 7n)).toMatchObject({ state: 'open', balance: 100n });
    expect(has()).toBe(900n);
    await expect(credits().open(offer(), 7n)).rejects.toMatchObject({ code: 'E_PAYMENT_CHANNEL' });
    const { id } = credits().store.list()[0]!;
    const adding = credits(failing(payer, 'depositToChannel', when, code));
    await expect(adding.add(id, 50n)).rejects.toMatchObject({ code });
    expect(await credits().add(id, 9n)).toMatchObject({ state: 'open', balance: 150n });
    expect(await credits().add(id, 9n)).toMatchObject({ balance: 159n });
    expect(has()).toBe(841n);
  });

  it('whose deposit was refused, or lay too long, has none, and begins again', async () => {
    await expect(credits().open(offer(), 1_001n)).rejects.toMatchObject({ code: 'E_CHAIN_STAKE_REQUIRED' });
    expect(credits().store.list()).toEqual([]);
    const broken = credits(failing(payer, 'depositToChannel', 'before', 'E_CHAIN_UNREACHABLE'));
    await expect(broken.open(offer(), 100n)).rejects.toThrow();
    ledger.passTime(4_000);
    await expect(credits().open(offer(), 100n)).rejects.toMatchObject({ code: 'E_PAYMENT_CHANNEL' });
    expect(await credits().open(offer(), 80n)).toMatchObject({ balance: 80n });
    expect(has()).toBe(920n);
  });

  it('whose deposit may be under way forgets its channel for no later refusal', async () => {
    const config = () => credits().store.list()[0]!;
    const sent = credits(failing(payer, 'depositToChannel', 'before', 'E_CHAIN_NOT_MINED'));
    await expect(sent.open(offer(), 100n)).rejects.toThrow();
    const poor = credits(failing(payer, 'depositToChannel', 'before', 'E_CHAIN_NO_GAS'));
    await expect(poor.open(offer(), 100n)).rejects.toMatchObject({ code: 'E_CHAIN_NO_GAS' });
    // The first one is mined after all.
    await payer.depositToChannel(config().config, config().deposit!);
    expect(await credits().open(offer(), 100n)).toMatchObject({ state: 'open', balance: 100n });
    expect(has()).toBe(900n);
  });

  it('takes back exactly what is left, whichever step breaks off', async () => {
    const { id } = await credits().open(offer(), 100n);
    for (const when of ['before', 'after'] as const) {
      const broken = credits(failing(payer, 'startWithdrawal', when, 'E_CHAIN_NOT_MINED'));
      await expect(broken.close(id)).rejects.toMatchObject({ code: 'E_CHAIN_NOT_MINED' });
      expect(credits().store.find(id)).toMatchObject({ state: 'closing' });
    }
    const { availableAt } = await credits().close(id);
    expect(availableAt).toBe((await payer.channel(credits().store.find(id)!.config)).withdrawal?.availableAt);
    ledger.passTime(DELAY + 1);
    const broken = credits(failing(payer, 'finishWithdrawal', 'after', 'E_CHAIN_NOT_MINED'));
    await expect(broken.close(id)).rejects.toThrow();
    expect(has()).toBe(1_000n);
    expect(await credits().close(id)).toMatchObject({ state: 'closed' });
    expect(await credits().close(id)).toMatchObject({ state: 'closed' });
    expect(has()).toBe(1_000n);
    // While one is being closed, another one can be opened.
    expect((await credits().open(offer(), 60n)).id).not.toBe(id);
  });
});

describe('a node that is prepaid', () => {
  let paying = true;
  let claimed: Claimed[];
  let errors: unknown[];
  beforeEach(() => {
    paying = true;
    claimed = [];
    errors = [];
  });
  const channels = () => new HeldChannels(node);
  const keeper = (chain = seller, rules: ClaimRules = { calls: 3, milliseconds: 3_600_000 }) =>
    new ChannelKeeper({
      ...{ channels: channels(), chain, rules, mayPayGas: () => paying },
      onClaimed: (one) => claimed.push(one),
      onError: (error) => errors.push(error),
    });
  const opened = async (amount: bigint): Promise<{ id: Hex; config: ChannelConfig }> => {
    const config: ChannelConfig = {
      ...{ payer: payer.account, payerAuthorizer: payer.account, token: ledger.token },
      ...{ receiver: seller.account, receiverAuthorizer: seller.account, withdrawDelay: DELAY },
      salt: toHex(randomBytes(32)),
    };
    await payer.depositToChannel(config, { amount, salt: config.salt, validBefore: 2n ** 40n });
    return { id: await payer.channelId(config), config };
  };
  /** A call of this price, paid by a voucher of this sum. */
  const charge = async (
    { id, config }: { id: Hex; config: ChannelConfig },
    ceiling: bigint,
    charged = ceiling,
  ) => {
    const signature = await payer.signVoucher(config, ceiling);
    const state = { ...(await seller.channel(config)), readAt: Date.now() };
    const voucher = { channelId: id, config, ceiling, signature };
    node.transact(() => channels().charge(voucher, charged, { chainId: 31_337, agent: 'guide' }, state));
  };
  const earned = () => ledger.balance(ledger.token, seller.account);

  it('claims when enough calls wait, within its limit of gas, and never more than was charged', async () => {
    const one = await opened(100n);
    await charge(one, 5n);
    await charge(one, 10n);
    await keeper().watch();
    expect(earned()).toBe(0n);
    // A payer that signed more than the calls cost.
    await charge(one, 90n, 15n);
    paying = false;
    await keeper().watch();
    expect(earned()).toBe(0n);
    paying = true;
    await keeper().watch();
    expect(earned()).toBe(15n);
    expect(channels().find(one.id)).toMatchObject({ claimed: 15n, charged: 15n, waiting: 0 });
    expect(await keeper().watch()).toEqual([]);
    // By its age.
    await charge(one, 90n + 5n, 20n);
    await keeper(seller, { calls: 9, milliseconds: 0 }).watch();
    expect(earned()).toBe(20n);
  });

  it('claims what its payer is about to take back, whatever its limits are', async () => {
    const one = await opened(100n);
    await charge(one, 40n);
    await payer.startWithdrawal(one.config, 100n);
    paying = false;
    await keeper().watch();
    expect(earned()).toBe(40n);
    ledger.passTime(DELAY + 1);
    expect((await payer.finishWithdrawal(one.config)).amount).toBe(60n);
  });

  it('that comes too late claims what is left, and goes on', async () => {
    const [late, other] = [await opened(100n), await opened(100n)];
    await charge(late, 40n);
    await charge(other, 30n);
    await payer.startWithdrawal(late.config, 75n);
    ledger.passTime(DELAY + 1);
    await payer.finishWithdrawal(late.config);
    await keeper().claimAll();
    expect(earned()).toBe(25n + 30n);
    expect(await keeper().watch()).toEqual([]);
    expect(channels().find(late.id)).toMatchObject({ waiting: 0, charged: 40n, claimed: 25n });
    // What is lost is not shown as if it could be claimed.
    expect([...channels().sums().values()]).toEqual([{ claimed: 55n, unclaimed: 0n }]);
  });

  it.each(['before', 'after'] as const)('that dies %s its claim is mined claims once', async (when) => {
    const one = await opened(100n);
    await charge(one, 30n);
    const broken = keeper(failing(seller, 'claimFromChannels', when, 'E_CHAIN_NOT_MINED'));
    await expect(broken.claimAll()).rejects.toMatchObject({ code: 'E_CHAIN_NOT_MINED' });
    await keeper().claimAll();
    await keeper().claimAll();
    expect(earned()).toBe(30n);
    expect(channels().find(one.id)).toMatchObject({ claimed: 30n, waiting: 0 });
  });

  it('whose one channel cannot be claimed claims the others', async () => {
    const [bad, good] = [await opened(100n), await opened(100n)];
    await charge(bad, 30n);
    await charge(good, 20n);
    // A voucher that its disk has damaged.
    node.db
      .prepare('UPDATE agents_channels SET signature = ? WHERE id = ?')
      .run(`0x${'11'.repeat(65)}`, bad.id);
    await keeper(seller, { calls: 1, milliseconds: 0 }).watch();
    expect(earned()).toBe(20n);
    expect(errors).toMatchObject([{ code: 'E_CHAIN_INVALID_SIGNATURE' }]);
  });

  it('claims many channels in few transactions', async () => {
    for (let i = 0; i < 40; i++) await charge(await opened(10n), 10n);
    const before = ledger.block;
    await keeper().claimAll();
    expect(ledger.block - before).toBe(2);
    expect(claimed.map((each) => each.channels)).toEqual([32, 8]);
    expect(earned()).toBe(400n);
  });

  it('remembers the vouchers of a channel within bounds, and none of those below them is new', async () => {
    const one = await opened(1_000n);
    const early = { channelId: one.id, config: one.config, ceiling: 1n, signature: '0x' as Hex };
    await charge(one, 1n);
    expect(channels().isUsed(early)).toBe(true);
    const state = { ...(await seller.channel(one.config)), readAt: Date.now() };
    for (let ceiling = 3n; ceiling < 1_100n; ceiling++) {
      const voucher = { ...early, ceiling };
      node.transact(() => channels().charge(voucher, 2n, { chainId: 31_337, agent: 'guide' }, state));
    }
    for (const ceiling of [1n, 2n, 40n, 1_099n]) {
      expect(channels().isUsed({ ...early, ceiling }), String(ceiling)).toBe(true);
    }
    expect(channels().isUsed({ ...early, ceiling: 1_100n })).toBe(false);
    const rows = node.db.prepare('SELECT count(*) AS n FROM agents_vouchers').get() as { n: number };
    expect(rows.n).toBeLessThanOrEqual(1_024);
  });
});
