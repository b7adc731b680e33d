import { DatabaseSync } from 'node:sqlite';
import { ratingWords } from '@chorus/directory';
import type { Address, Feedback, Hex } from '@chorus/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { REPUTATION_MIGRATION } from '../store/directory-migration.ts';
import { RatedPayments } from './rated-payments.ts';
import { readReputation } from './read-reputation.ts';

const [TILL, TOKEN, REGISTRY] = ['71', '70', '4e'].map((byte) => `0x${byte.repeat(20)}` as Address) as [
  Address,
  Address,
  Address,
];
const HOUR = 3_600_000;

let db: DatabaseSync;
beforeEach(() => {
  db = new DatabaseSync(':memory:');
  db.exec(REPUTATION_MIGRATION);
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
  db.close();
});

const account = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;

function rating(n: number, value: number): Feedback {
  const client = account(n);
  const transaction: Hex = `0x${n.toString(16).padStart(64, '0')}`;
  const words = ratingWords(value, {
    registry: { chainId: 1, address: REGISTRY },
    agentId: 7n,
    endpoint: '',
    proof: { from: client, to: TILL, chainId: 1, transaction },
    at: new Date(),
  });
  return { ...words, client, index: 1n, block: n, transaction };
}

it('feedback that names payments that there never were does not keep an honest rating from being read', async () => {
  const honest = rating(1, 90);
  const invented = Array.from({ length: 8 }, (_, i) => rating(2 + i, 0));
  const asked: Address[] = [];
  const payments = new RatedPayments(
    { db, transact: (work) => work() },
    {
      movedIn: async (_, from) => {
        asked.push(from);
        return from === honest.client ? { at: 0, amounts: [{ token: TOKEN, amount: 9n }] } : null;
      },
    },
  );
  const read = () =>
    readReputation(
      7n,
      { address: TOKEN, symbol: 'T', decimals: 0 },
      {
        chain: {
          chainId: 1,
          feedbackOn: async () => [honest, ...invented],
          tillOf: async () => TILL,
          tillFeeBps: async () => 100,
        },
        payments,
        lookups: 4,
      },
    );
  expect((await read()).raters).toBe(0);
  // What was not found is looked for again after an hour, but not before what was never looked for.
  for (let turn = 0; turn < 2; turn++) {
    vi.setSystemTime(Date.now() + 2 * HOUR);
    await read();
  }
  expect((await read()).raters).toBe(1);
  expect(asked.filter((from) => from === honest.client)).toHaveLength(1);
});
