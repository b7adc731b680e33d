import type { ChainEvent, ChainPort, Member, SettledRound, TaskState } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { ledgerOf, recordSlashes, type Slash } from './ledger.ts';
import type { DemoNetwork } from './network.ts';
import { DEMO_ECONOMY } from './task.ts';

const address = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as const;
const { budget, stake } = DEMO_ECONOMY;

/** A round that paid these rewards, and 3 in fees. */
const settled = (...rewards: bigint[]) =>
  ({ rewards, protocolFee: 1n, aggregatorFee: 1n, validatorFee: 1n }) as unknown as SettledRound;

const members = [1, 2].map((n) => ({ agentId: BigInt(n), address: address(n) }) as unknown as Member);

/** A chain on which each member holds this stake, and this much was burned. */
const chain = (held: bigint, burned: bigint) =>
  ({
    members: async () => members,
    stake: async () => ({ tokens: held }),
    balance: async () => burned,
  }) as unknown as ChainPort;

const task = (remaining: bigint) => ({ id: 7n, token: address(9), remaining }) as TaskState;
const slash = (amount: bigint): Slash => ({
  round: 1,
  id: 'trainer-1',
  member: address(1),
  offence: 'trainer-absent',
  amount: amount.toString(),
});

describe('the ledger of a demo', () => {
  it('is balanced if all that was paid in is somewhere', async () => {
    const ledger = await ledgerOf(chain(stake, 0n), task(budget - 23n), [settled(10n, 10n)], []);
    expect(ledger).toMatchObject({ paid: '20', fees: '3', burned: '0', balanced: true });
    expect(ledger.staked).toBe((2n * stake).toString());
  });

  it('is not balanced if one unit of the budget is missing, or is there twice', async () => {
    for (const off of [1n, -1n]) {
      const ledger = await ledgerOf(chain(stake, 0n), task(budget - 23n + off), [settled(10n, 10n)], []);
      expect(ledger.balanced).toBe(false);
    }
  });

  it('counts slashed stake to the budget that it went to, and to what was burned', async () => {
    const half = stake / 2n;
    // Each of the two members lost half: a quarter of all went to the budget, a quarter was burned.
    const paidOut = budget + half - 23n;
    const ledger = await ledgerOf(chain(half, half), task(paidOut), [settled(10n, 10n)], [slash(half)]);
    expect(ledger).toMatchObject({ slashed: half.toString(), burned: half.toString(), balanced: true });
    const without = await ledgerOf(chain(half, half), task(paidOut), [settled(10n, 10n)], []);
    expect(without.balanced).toBe(false);
  });

  it('is not balanced if stake has gone without a slash', async () => {
    const ledger = await ledgerOf(chain(stake - 1n, 0n), task(budget), [], []);
    expect(ledger.balanced).toBe(false);
  });
});

describe('the slashes of a demo', () => {
  const event = (change: object) =>
    ({
      taskId: 7n,
      type: 'slashed',
      round: 2,
      member: address(1),
      offence: 'trainer-absent',
      toTask: 5n,
      ...change,
    }) as unknown as ChainEvent;

  it('are those of its task until it has ended, with the name of the node', async () => {
    const ended = new AbortController();
    const network = {
      nodes: [{ name: 'trainer-1', address: address(1) }],
      requester: {
        ports: {
          chain: {
            async *events({ signal }: { signal: AbortSignal }) {
              yield event({});
              yield event({ taskId: 8n });
              yield event({ type: 'settled' });
              yield event({ type: 'task-ended' });
              // The slashes of the last round come after its end.
              yield event({ member: address(3), toTask: 6n });
              await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
              ended.abort();
            },
          },
        },
      },
    } as unknown as DemoNetwork;
    const told: Slash[] = [];
    await recordSlashes(network, 7n, (each) => told.push(each), new AbortController().signal);
    expect(ended.signal.aborted).toBe(true);
    expect(told).toMatchObject([
      { id: 'trainer-1', amount: '5', round: 2 },
      { id: address(3), amount: '6' },
    ]);
  });
});
