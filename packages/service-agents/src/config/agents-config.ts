import type { ConfigSection, HostConfig } from '@chorus/node/config';
import { z } from 'zod';

/** The section `agents` of a configuration. */
const agentsSectionSchema = z.strictObject({
  /** Agents that this node serves at a time. */
  most: z.number().int().positive().max(256).default(16),
  /** Tasks of one agent that run at a time, and that run or wait. */
  running: z.number().int().positive().max(256).default(8),
  open: z.number().int().positive().max(4_096).default(64),
  /** The part of them that one caller may have; all callers without a proven identity together are one. */
  openPerCaller: z.number().int().positive().max(4_096).default(16),
  /** How long a finished task can be asked for, hours. */
  keepHours: z.number().int().positive().max(8_760).default(168),
  /** Keep a list of the network's agents: others announce them by gossip. */
  directory: z.boolean().default(true),
});

export type AgentsConfig = z.infer<typeof agentsSectionSchema>;

/** The configuration of a node with the agents service. */
export type AgentsNodeConfig = HostConfig & { agents: AgentsConfig };

/** Agents' part of a node's configuration. */
export const AGENTS_SECTION = {
  name: 'agents',
  schema: agentsSectionSchema.prefault({}),
  descriptions: {
    agents: 'Agents that this node serves to others; start one with `chorus agent start`.',
    'agents.most': 'How many agents at a time.',
    'agents.running': 'Requests to one agent that run at a time; A2A tasks beyond wait.',
    'agents.open': 'Tasks of one agent that run or wait; further ones are refused.',
    'agents.openPerCaller':
      'The same of one caller; all callers without a proven identity together count as one.',
    'agents.keepHours': 'How long a finished task can still be asked for, hours.',
    'agents.directory': "Keep a list of the network's agents, for `chorus agent find`.",
  },
} as const satisfies ConfigSection;
