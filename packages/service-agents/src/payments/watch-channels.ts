import type { Components } from '@chorus/node';
import type { ChannelKeeper } from '@chorus/payments';
import { explain } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { AgentsEvent } from '../events/agent-events.ts';
import { hasWaitingChannels } from '../store/waiting-channels.ts';

/** Time between two looks at the channels, ms: a fifteenth of the shortest delay that a payer can have to wait. */
const WATCH_MS = 60_000;

/**
 * Looks at the channels of which something is not claimed, until `signal` aborts: what waits on a payer's withdrawal is
 * claimed at once. A node that holds no vouchers loads nothing for it.
 */
export async function watchChannels(
  { store, emit }: Pick<Components<AgentsNodeConfig>, 'store' | 'emit'>,
  keeper: () => Promise<Pick<ChannelKeeper, 'watch'>>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (hasWaitingChannels(store)) await (await keeper()).watch();
    } catch (error) {
      if (!signal.aborted) emit<AgentsEvent>({ type: 'agents.claim-failed', ...explain(error) });
    }
    await pause(WATCH_MS, signal);
  }
}
