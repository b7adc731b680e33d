import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeStore } from '@chorus/node';
import { CreditsStore, HeldChannels, PurchasesStore, SalesStore } from '@chorus/payments';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AGENTS_MIGRATIONS } from './agent-records.ts';
import { hasWaitingChannels } from './waiting-channels.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-agent-records-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hex = (digits: string, bytes: number) => `0x${digits.repeat(bytes)}`;
const [TOKEN, PAYER, PAYEE, NONCE] = [hex('01', 20), hex('02', 20), hex('03', 20), hex('04', 32)];
const TRANSFER = {
  ...{ token: TOKEN, from: PAYER, to: PAYEE, value: '3', validAfter: '0', validBefore: '9', nonce: NONCE },
  signature: hex('05', 65),
};

it('a store from before prepaid channels keeps what was paid, both ways, and what is still owed', () => {
  const now = Date.now();
  const before = NodeStore.open(folder);
  before.migrate('agents', AGENTS_MIGRATIONS.slice(0, -1));
  before.db
    .prepare('INSERT INTO agents_purchases VALUES (?,?,?, ?,?, ?,?,?,?, ?,?,?, ?,?,?,?, ?,?,?,?)')
    .run(
      ...['pay_1', 'intent', 'sha256:1', 'https://a.example/', 'https://a.example/', 31_337, TOKEN, PAYEE],
      ...['3', NONCE, 0, 9, 'signed', 'header', now, null, null, null, null, null],
    );
  before.db
    .prepare('INSERT INTO agents_sales VALUES (?,?,?,?, ?,?,?,?, ?,?,?,?, ?,?, ?,?,?,?, ?,?,?,?)')
    .run(
      ...[
        31_337,
        TOKEN,
        PAYER,
        NONCE,
        null,
        'sha256:2',
        'sha256:3',
        'anonymous',
        'guide',
        'https://b.example/',
      ],
      ...[PAYEE, '3', JSON.stringify(TRANSFER), 7, 'settled', 1, now, null, NONCE, 8, null, 'receipt'],
    );
  before.close();

  const node = NodeStore.open(folder);
  try {
    node.migrate('agents', AGENTS_MIGRATIONS);
    expect(new PurchasesStore(node).open('intent')).toMatchObject({
      ...{ id: 'pay_1', amount: 3n, channel: null, header: 'header', state: 'signed' },
    });
    const [sale] = new SalesStore(node).list({ most: 9 });
    expect(sale).toMatchObject({ agent: 'guide', state: 'settled', tries: 1 });
    expect(sale!.proof).toEqual({ ...TRANSFER, value: 3n, validAfter: 0n, validBefore: 9n });
    expect(new CreditsStore(node).list()).toEqual([]);
    expect(new HeldChannels(node).list(9)).toEqual([]);
    expect(hasWaitingChannels(node)).toBe(false);
  } finally {
    node.close();
  }
});
