import { z } from 'zod';
import { agentIdSchema } from './agent-id.ts';
import { offerSchema } from './offers.ts';
import { tillTermsSchema } from './revenue.ts';
import { addressSchema, amountSchema, timeSchema } from './values.ts';

const registry = z
  .object({ chainId: z.number().int(), address: addressSchema })
  .describe('the identity registry (ERC-8004)');

export const registrationSchema = z.object({
  agent: z.string().describe('name of the agent in addresses'),
  registry,
  agentId: agentIdSchema.nullable().describe('null if it would be registered now'),
  uri: z.string().nullable().describe('where its registration file is; null if that depends on the number'),
  cost: z
    .object({ gas: amountSchema, wei: amountSchema })
    .nullable()
    .describe("what it would cost, about, in the chain's own currency; null if it was done"),
  transactions: z.array(z.string()).describe('none if everything was on chain already'),
  till: z
    .object({
      address: addressSchema,
      terms: tillTermsSchema,
      effectiveAt: timeSchema.nullable().describe('when the terms count; null: now'),
    })
    .nullable()
    .describe('how payments are divided; null if all of them are the wallet of the node'),
});
export type RegistrationDocument = z.infer<typeof registrationSchema>;

export const registrationRequestSchema = z.strictObject({
  dryRun: z.boolean().default(false).describe('only say what it would cost'),
});
export type RegistrationRequest = z.input<typeof registrationRequestSchema>;

export const directoryQuerySchema = z.object({
  text: z.string().max(500).optional().describe('words to search names, descriptions and skills for'),
  skill: z.string().max(100).optional().describe('only agents with a skill of this id or tag'),
  maxPrice: z.string().max(100).optional().describe('only agents that cost at most this, such as 0.05 CHOR'),
  minScore: z.coerce.number().min(0).max(100).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export type DirectoryQuery = z.output<typeof directoryQuerySchema>;

const skill = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
});

export const directoryListSchema = z.object({
  agents: z.array(
    z.object({
      agentId: agentIdSchema,
      title: z.string(),
      description: z.string(),
      version: z.string(),
      skills: z.array(skill),
      owner: z.string(),
      wallet: z.string().nullable().describe('where it is paid'),
      price: z
        .object({ text: z.string(), units: amountSchema, token: addressSchema })
        .nullable()
        .describe('what a call costs; null if it is free'),
      peerId: z.string(),
      addresses: z.array(z.string()).describe('multiaddrs of the peer'),
      url: z.string().describe('where it is called over libp2p'),
      latencyMs: z.number().describe('time that its latest answer to a probe took'),
      reputation: z
        .object({ score: z.number(), raters: z.number().int(), paid: z.string() })
        .nullable()
        .describe(
          'what those who paid it say: 0 to 100, how many they are, and what they paid; null if it was not read yet',
        ),
      announcedAt: timeSchema,
      expiresAt: timeSchema.describe('it is no longer listed then, unless it is announced again'),
      score: z.number().describe('0 to 100; the parts add up to it'),
      parts: z.array(z.object({ name: z.string(), weight: z.number(), value: z.number(), says: z.string() })),
    }),
  ),
  known: z.number().int().describe('agents of the network that this node knows to answer'),
});
export type DirectoryList = z.infer<typeof directoryListSchema>;

export const agentIdentitySchema = z.object({
  agentId: agentIdSchema,
  registry,
  owner: z.string().nullable(),
  wallet: z.string().nullable().describe('where it is paid'),
  uri: z.string().nullable().describe('of its registration file'),
  peerId: z.string().nullable(),
  addresses: z.array(z.string()).describe('multiaddrs of the peer, as far as it announced them'),
  title: z.string().nullable().describe('of its card, as are description and skills'),
  description: z.string().nullable(),
  skills: z.array(z.object({ id: z.string(), description: z.string(), tags: z.array(z.string()) })),
  offers: z.array(offerSchema).describe('what it does for a price that is known before'),
  latencyMs: z.number().nullable().describe('time that its card took; null if it did not answer'),
  url: z.string().nullable().describe('where it is called over libp2p'),
  proven: z.boolean().describe('whether every link holds'),
  till: tillTermsSchema
    .nullable()
    .describe('how its till divides payments; null if it is paid to its wallet'),
  links: z.array(
    z.object({
      name: z.enum(['registered', 'place', 'file', 'key', 'answers', 'card', 'payee']),
      holds: z.boolean().nullable().describe('null if it could not be checked'),
      says: z.string(),
    }),
  ),
});
export type AgentIdentityDocument = z.infer<typeof agentIdentitySchema>;
