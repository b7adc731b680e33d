import { type Components, tokenUnits } from '@chorus/node';
import { ChannelKeeper, HeldChannels } from '@chorus/payments';
import { type ChainPort, COIN_DECIMALS, explain } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { AgentsEvent } from '../events/agent-events.ts';

const HOUR = 3_600_000;

/** What claims the vouchers that this node holds. One for each node: claims wait for each other. */
export function openKeeper(
  chain: ChainPort,
  { config, store, emit }: Pick<Components<AgentsNodeConfig>, 'config' | 'store' | 'emit'>,
): ChannelKeeper {
  const gasLimit = tokenUnits(config.limits.gas.perDay, COIN_DECIMALS);
  const { claimCalls: calls, claimHours } = config.agents.channels;
  return new ChannelKeeper({
    channels: new HeldChannels(store),
    chain,
    rules: { calls, milliseconds: claimHours * HOUR },
    mayPayGas: () => store.spending.gasOfDay() < gasLimit,
    onClaimed: ({ transaction, channels, amounts }) =>
      emit<AgentsEvent>({
        type: 'agents.channels-claimed',
        transaction,
        channels,
        amounts: [...amounts].map(([token, amount]) => ({ token, amount: amount.toString() })),
      }),
    onError: (error) => emit<AgentsEvent>({ type: 'agents.claim-failed', ...explain(error) }),
  });
}
