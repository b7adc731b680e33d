import { type AgentClient, connectAgent } from '@chorus/a2a';
import type { CallPayment } from './payment.ts';
import type { PeerOptions } from './peers.ts';
import type { Target } from './target.ts';

/** An agent whose card was checked, and where it was read. */
export interface ConnectedAgent {
  agent: AgentClient;
  url: string;
  close(): Promise<void>;
}

/**
 * Reads and checks the card of an agent. Over libp2p its peer has to have signed it. Over HTTP a card may be unsigned,
 * and the address may be private, because the user has typed it: the client follows neither redirects nor a card to
 * another origin.
 * @throws ChorusError of `connectAgent` and `openAgentPeer`
 */
export async function connectTarget(
  target: Target,
  options: PeerOptions & { timeoutMs: number; through: CallPayment['through'] },
  signal: AbortSignal,
): Promise<ConnectedAgent> {
  const { timeoutMs, through } = options;
  if (target.kind === 'http') {
    const { url } = target;
    const agent = await connectAgent(url, {
      allowPrivate: true,
      allowUnsigned: true,
      timeoutMs,
      through,
      signal,
    });
    return { agent, url, close: async () => undefined };
  }
  // Loaded only if a peer is called: libp2p takes a second and 60 MB.
  const { openAgentPeer } = await import('./peers.ts');
  const { url, network } = await openAgentPeer(target, options, signal);
  try {
    const agent = await connectAgent(url, { network, timeoutMs, through, signal });
    return { agent, url, close: () => network.close() };
  } catch (error) {
    await network.close();
    throw error;
  }
}
