import { ChorusError } from '@chorus/protocol';

/** The refusal of a number that no identity of the network has. */
export function noSuchAgent(agentId: bigint): ChorusError {
  return new ChorusError('E_AGENT_UNREGISTERED', 'no agent has this number', {
    facts: { agent: agentId.toString() },
    hint: 'see: chorus agent find, chorus agent list',
  });
}
