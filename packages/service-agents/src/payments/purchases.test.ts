import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeStore } from '@chorus/node';
import { type Purchase, PurchasesStore } from '@chorus/payments';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENTS_MIGRATIONS } from '../store/agent-records.ts';

let folder: string;
let node: NodeStore;
let purchases: PurchasesStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-purchases-'));
  node = NodeStore.open(folder);
  node.migrate('agents', AGENTS_MIGRATIONS);
  purchases = new PurchasesStore(node);
});
afterEach(async () => {
  node.close();
  await rm(folder, { recursive: true, force: true });
});

const buy = (id: string, agent: string, at: number) => {
  const purchase: Purchase = {
    ...{ id, agent, at, intent: id, request: '00', resource: agent, chainId: 31_337, amount: 1n },
    ...{ token: `0x${'01'.repeat(20)}`, payee: `0x${'02'.repeat(20)}`, nonce: `0x${'03'.repeat(32)}` },
    channel: null,
    ...{ validAfter: 0, validBefore: 1, state: 'answered', header: null, endedAt: at },
    ...{ transaction: null, receipt: null, output: null, reason: null },
  };
  purchases.begin(purchase, () => {});
};

describe('purchases', () => {
  it('of one agent are listed however many of another were made since', () => {
    const now = Date.now();
    buy('old', 'https://a.example/', now - 10);
    for (let i = 0; i < 5; i++) buy(`new-${i}`, 'https://b.example/', now + i);
    const idsOf = (query: Parameters<typeof purchases.list>[0]) => purchases.list(query).map(({ id }) => id);
    expect(idsOf({ agent: 'https://a.example/', most: 2 })).toEqual(['old']);
    expect(idsOf({ agent: 'https://b.example/', most: 2 })).toEqual(['new-4', 'new-3']);
    expect(idsOf({ most: 6 })).toEqual(['new-4', 'new-3', 'new-2', 'new-1', 'new-0', 'old']);
  });
});
