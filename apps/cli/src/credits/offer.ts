import { isAgentId } from '../agent/agent-id.ts';
import { parseTarget } from '../agent/call/target.ts';
import { showSigner } from '../agent/call/view.ts';

/** Time to read a card, ms. */
const CARD_MS = 60_000;

/**
 * What an agent says in its card that it accepts.
 * @param at its number, which the running node looks up, or its address
 * @throws ChorusError of `connectTarget`
 */
export async function acceptedBy(at: string, home: string | undefined): Promise<unknown[]> {
  const options = home === undefined ? {} : { home };
  const [{ connectTarget }, { promisedTerms }] = await Promise.all([
    import('../agent/call/connect.ts'),
    import('@chorus/a2a'),
  ]);
  const target = isAgentId(at)
    ? await (await import('../agent/directory/resolve.ts')).resolveAgentId(at, options)
    : parseTarget(at);
  const signal = AbortSignal.timeout(CARD_MS);
  const connected = await connectTarget(
    target,
    { ...options, timeoutMs: CARD_MS, through: (send) => send },
    signal,
  );
  try {
    if (target.kind === 'http') showSigner(connected);
    const promised = promisedTerms(connected.agent.card);
    return Array.isArray(promised) ? promised : [];
  } finally {
    await connected.close();
  }
}
