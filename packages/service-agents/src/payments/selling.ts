import { keysOfSeed } from '@chorus/a2a';
import { type Components, tokenUnits } from '@chorus/node';
import { Cashier, HeldChannels, PaidCall, SalesStore, servePaid } from '@chorus/payments';
import { COIN_DECIMALS, explain } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { AgentsEvent } from '../events/agent-events.ts';

/** Most bytes of a request that may have to be paid; the gateway and the network have lower bounds of their own. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** How long work that was paid for may wait for its turn after its request has ended, ms. */
const WAIT_MS = 600_000;

/** What a node needs to be paid. Loaded with the first agent that has a price. */
export interface Selling {
  cashier: Cashier;
  call: () => PaidCall | undefined;
  /** Answers a request of which the work may have to be paid. */
  serve(request: Request, caller: string, answer: (request: Request) => Promise<Response>): Promise<Response>;
}

export function openSelling({
  config,
  ports,
  store,
  keySeed,
  emit,
}: Pick<Components<AgentsNodeConfig>, 'config' | 'ports' | 'store' | 'keySeed' | 'emit'>): Selling {
  const gasLimit = tokenUnits(config.limits.gas.perDay, COIN_DECIMALS);
  const cashier = new Cashier({
    store: new SalesStore(store),
    channels: new HeldChannels(store),
    chain: ports.chain,
    signer: keysOfSeed(keySeed),
    mayPayGas: () => store.spending.gasOfDay() < gasLimit,
    onPaid: ({ agent, payer, token, amount, transaction }) =>
      emit<AgentsEvent>({
        type: 'agents.paid',
        ...{ agent, payer, token },
        amount: amount.toString(),
        transaction: transaction ?? '',
      }),
    onError: (error) => emit({ type: 'warning', ...explain(error) }),
  });
  return {
    cashier,
    call: () => PaidCall.current(),
    serve: (request, caller, answer) =>
      servePaid(request, { caller, maxBodyBytes: MAX_BODY_BYTES, waitMs: WAIT_MS }, answer),
  };
}
