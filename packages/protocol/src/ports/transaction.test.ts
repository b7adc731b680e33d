import { describe, expect, it } from 'vitest';
import type { SettledRound } from '../settlement.ts';
import type { ChainPort } from './chain.ts';
import type { Receipt, Sent, WriteMethod } from './transaction.ts';

interface Example {
  readonly account: string;
  send(amount: bigint): Sent;
  /** Absent in some implementations. */
  create?(): Sent<{ id: bigint }>;
  read(): Promise<bigint>;
  /** What is read has the fields of a receipt too. */
  settled(): Promise<SettledRound>;
}

describe('the methods of a port that send a transaction', () => {
  it('a list of writes compiles only if it names every write, and nothing else', () => {
    const complete = { send: true, create: true } satisfies Record<WriteMethod<Example>, true>;
    // @ts-expect-error: `create` is missing
    const forgotten = { send: true } satisfies Record<WriteMethod<Example>, true>;
    // @ts-expect-error: `read` sends no transaction
    const read = { send: true, create: true, read: true } satisfies Record<WriteMethod<Example>, true>;
    expect(Object.keys({ ...complete, ...forgotten, ...read })).toEqual(['send', 'create', 'read']);
  });

  it('the type of writes tells those of the chain port from its reads', () => {
    const write = (name: WriteMethod<ChainPort>) => name;
    // @ts-expect-error: a read
    const reads = [write('settledRound'), write('settle')];
    expect(reads).toHaveLength(2);
  });

  it('an implementation returns a plain promise of a receipt', async () => {
    const receipt: Receipt = { transaction: '0x01', block: 1, gasUsed: 2n };
    const port: Pick<Example, 'send' | 'create'> = {
      send: async () => receipt,
      create: (): Promise<Receipt & { id: bigint }> => Promise.resolve({ ...receipt, id: 3n }),
    };
    // @ts-expect-error: a receipt without the id
    const bad: Pick<Example, 'create'> = { create: async () => receipt };
    expect(await port.send(1n)).toBe(receipt);
    expect((await port.create?.())?.id).toBe(3n);
    expect(await bad.create?.()).toBe(receipt);
  });
});
