import type { Ports } from '@chorus/node';
import { expect, it } from 'vitest';
import type { KeptScores } from './kept-scores.ts';
import { NodeReputation } from './node-reputation.ts';
import type { RatedPayments } from './rated-payments.ts';

const never = () => new Promise<never>(() => {});

it('a node that stops does not wait for a reading of ratings that takes long', async () => {
  const stop = new AbortController();
  let began: () => void = () => {};
  const reading = new Promise<void>((resolve) => {
    began = resolve;
  });
  const chain = {
    chainId: 1,
    decimals: async () => 18,
    symbol: async () => 'T',
    tillOf: async () => null,
    tillFeeBps: async () => 100,
    feedbackOn: () => {
      began();
      return never();
    },
  };
  const reputation = new NodeReputation({
    chain: chain as unknown as Ports['chain'],
    tokens: [`0x${'70'.repeat(20)}`],
    scores: { prune: () => {}, stale: () => [7n] } as unknown as KeptScores,
    payments: {} as RatedPayments,
    purchases: never,
    onError: (error) => expect.unreachable(String(error)),
    signal: stop.signal,
  });
  const running = reputation.run();
  await reading;
  stop.abort();
  await running;
});
