import type { ConfigSection, HostConfig } from '@chorus/node/config';
import { ADDRESS_PATTERN, parseSum } from '@chorus/protocol';
import { z } from 'zod';

const sum = z
  .string()
  .refine((text) => parseSum(text) !== null, 'must be an amount and its token, such as 0.5 CHOR');

/** What this node's wallet may pay to agents of others. A sum that is left out is not limited. */
const spend = z.strictObject({
  perCall: sum.optional(),
  /** In 24 hours: to all agents, and to one. */
  perDay: sum.optional(),
  perAgentDay: sum.optional(),
  /** A call that costs more is paid only if its user has said yes to it. */
  approveAbove: sum.optional(),
});

const hours = z.number().min(0.01).max(720);

/** How callers may prepay the agents of this node. */
const channels = z.strictObject({
  enabled: z.boolean().default(true),
  /** How long a payer has to wait for what is left, hours; the contract takes 15 minutes to 30 days. */
  withdrawHours: hours.min(0.25).default(24),
  /** A channel is claimed when this number of its calls waits, or its first call has waited so long, hours. */
  claimCalls: z.number().int().positive().max(1_000_000).default(500),
  claimHours: hours.default(6),
});

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
  /** Tokens that prices are in; each must have transfers by signature (EIP-3009) and name its domain (EIP-5267). */
  tokens: z
    .array(z.string().regex(ADDRESS_PATTERN, 'must be an address: 0x and 40 hexadecimal digits'))
    .max(16)
    .default([]),
  spend: spend.prefault({}),
  channels: channels.prefault({}),
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
    'agents.tokens': 'Addresses of the tokens that calls are paid in, both ways.',
    'agents.channels': 'Prepaid channels of callers: one deposit, many calls, one claim.',
    'agents.channels.enabled': 'Take them.',
    'agents.channels.withdrawHours':
      'How long a caller waits for what is left of a deposit, hours; this node claims in that time. Of new channels.',
    'agents.channels.claimCalls': 'Claim a channel when this number of its calls is not claimed yet.',
    'agents.channels.claimHours': 'Claim it earlier when the first of them has waited so long, hours.',
    'agents.spend': "What this node's wallet may pay for calls of other agents, such as 0.5 CHOR.",
    'agents.spend.perCall': 'The most for one call.',
    'agents.spend.perDay': 'The most within 24 hours.',
    'agents.spend.perAgentDay': 'The most to one agent within 24 hours.',
    'agents.spend.approveAbove': 'A call that costs more is paid only if its user says yes to it.',
  },
} as const satisfies ConfigSection;
