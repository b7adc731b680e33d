import { ChorusError } from '@chorus/protocol';
import { connectNode } from '../../environment/home.ts';
import type { PeerOptions } from '../call/peers.ts';
import { parseTarget, type Target } from '../call/target.ts';

/**
 * Where an agent is called, by its number: the running node looks up who it is.
 * @throws ChorusError `E_AGENT_IDENTITY` if a link of its identity does not hold, `E_ADMIN_NOT_RUNNING`
 */
export async function resolveAgentId(agentId: string, { home }: PeerOptions): Promise<Target> {
  const node = await connectNode(home === undefined ? {} : { home });
  const { proven, links, url, addresses } = await node.inspectAgent(agentId);
  if (!proven || url === null) {
    const broken = links.find(({ holds }) => holds !== true);
    throw new ChorusError('E_AGENT_IDENTITY', 'it is not proven who this agent is', {
      facts: { agent: agentId, link: broken?.name, says: broken?.says },
      hint: `see all of it with: chorus agent show ${agentId}`,
    });
  }
  const target = parseTarget(url);
  return target.kind === 'peer' ? { ...target, addresses } : target;
}
