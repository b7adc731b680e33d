import { z } from 'zod';
import { agentSchema } from './agents.ts';
import { earningsSchema } from './rewards.ts';
import { roundSummarySchema } from './rounds.ts';
import { refusalSchema, taskSummarySchema } from './tasks.ts';
import {
  addressSchema,
  amountSchema,
  noticeSchema,
  peerIdSchema,
  roleSchema,
  timeSchema,
  tokenAmountSchema,
} from './values.ts';

/** A current or recent warning; the same code is counted, not listed again. */
export const warningSchema = noticeSchema.extend({
  count: z.number().int().positive(),
  firstAt: timeSchema,
  lastAt: timeSchema,
});
export type Warning = z.infer<typeof warningSchema>;

/** The contributor's limits for the node, as configured; null means no limit. */
export const limitsViewSchema = z.object({
  threads: z.number().int(),
  memoryBytes: z.number().nullable(),
  diskBytes: z.number().nullable(),
  uploadBytesPerSecond: z.number().nullable(),
  downloadBytesPerSecond: z.number().nullable(),
  hours: z.array(z.string()).describe('local times of day at which rounds may begin; empty: always'),
  withinHours: z.boolean(),
  stakePerTask: z.string().describe('most whole tokens at risk in one task'),
  stakePerDay: z.string().describe('most whole tokens newly put at risk in 24 hours, for each token'),
  onlyListedTokens: z.boolean(),
  listedTokens: z.array(z.string()),
  owners: z.array(z.string()).nullable().describe('owners whose tasks are joined; null: any owner'),
  gasPerDay: z.string().describe("amount of the chain's own coin, in 24 hours"),
  maxTasks: z.number().int(),
  minValidators: z.number().int(),
  maxSlashPercent: z.number(),
  maxReporterPercent: z.number(),
  maxOwnerPercent: z.number(),
  phaseMargin: z.number(),
  stakeTotal: amountSchema.nullable(),
  stakePerToken: z.array(tokenAmountSchema.omit({ decimals: true })),
  minReward: amountSchema.nullable().describe('least expected reward of a round'),
  maxModelBytes: z.number().nullable(),
  maxDimension: z.number().nullable(),
  losses: z.array(z.string()).nullable(),
  licences: z.array(z.string()).nullable(),
  maxTaskSeconds: z.number().nullable(),
});
export type LimitsView = z.infer<typeof limitsViewSchema>;

/** What updates and references have revealed of the node's data. */
export const privacyViewSchema = z.object({
  models: z.enum(['known', 'any']),
  minNoise: z.number(),
  ownNoise: z.number(),
  maxEpsilon: z.number().nullable(),
  delta: z.number(),
  spent: z.array(
    z.object({
      data: z.string().describe('registered name of the data, or its path'),
      epsilon: z.number().nullable().describe('null: no bound, because some training had no noise'),
      trainings: z.number().int().describe('number of trainings, over all tasks, rounds and roles'),
      plain: z.number().int().describe('number of trainings without noise'),
    }),
  ),
});
export type PrivacyView = z.infer<typeof privacyViewSchema>;

/** Everything `chorus status` shows on its screen. */
export const statusSchema = z.object({
  time: timeSchema,
  state: z
    .enum(['starting', 'ready', 'paused', 'stopping'])
    .describe('paused: finishes what it has begun and accepts nothing new'),
  paused: z.array(noticeSchema).describe('why the node accepts nothing new'),
  node: z.object({
    version: z.string(),
    protocol: z.string(),
    runtime: z.string().describe('version of Node.js'),
    platform: z.string(),
    pid: z.number().int(),
    startedAt: timeSchema,
    uptimeSeconds: z.number(),
    roles: z.array(roleSchema),
    dataFolder: z.string(),
  }),
  identity: z.object({
    peerId: peerIdSchema,
    did: z.string().nullable().describe('did:key of the libp2p key'),
    wallet: addressSchema,
  }),
  network: z.object({
    peers: z.number().int(),
    addresses: z.array(z.string()),
    gateway: z.string().nullable().describe('address of the public HTTP server; null: not served'),
    bans: z.number().int(),
    bytesIn: z.number().nullable(),
    bytesOut: z.number().nullable(),
  }),
  chain: z.object({
    id: z.number().int(),
    contract: addressSchema,
    reachable: z.boolean(),
    height: z.number().int().nullable(),
    blockTime: timeSchema.nullable().describe('time of the latest block'),
    lagSeconds: z
      .number()
      .nullable()
      .describe('how far the latest block is behind the clock of this machine'),
    requests: z
      .object({
        lastMinute: z.number().int(),
        limit: z.number().int().nullable().describe('maximum requests per minute'),
        limited: z
          .number()
          .int()
          .describe('number of answers since the start that reported too many requests'),
        pausedUntil: timeSchema.nullable().describe('the endpoint accepts no requests until then'),
      })
      .nullable()
      .describe('requests to the endpoint'),
    gasBalance: amountSchema.nullable().describe("the wallet's balance of the chain's own coin, in wei"),
  }),
  tasks: z.array(taskSummarySchema),
  refused: z.array(refusalSchema).describe('tasks recently seen and not joined, the newest first'),
  rounds: z.array(roundSummarySchema).describe('the last rounds, the newest first'),
  earned: z.array(earningsSchema),
  claimable: z.array(tokenAmountSchema),
  staked: z.array(tokenAmountSchema),
  resources: z.object({
    cpuPercent: z.number().describe('percent of one core, over the last seconds'),
    rssBytes: z.number(),
    heapBytes: z.number(),
    eventLoopLagMs: z.number().describe('99th percentile of the event-loop delay over the last seconds'),
    disk: z.object({
      usedBytes: z.number().nullable().describe('size of the data folder'),
      freeBytes: z.number().nullable().describe('free space on its file system'),
    }),
  }),
  agents: z
    .array(agentSchema.pick({ name: true, state: true }))
    .optional()
    .describe('agents that the node serves; absent without that service'),
  market: z
    .object({
      jobs: z.number().int().describe('that have not ended'),
      waiting: z
        .array(z.object({ jobId: z.string(), what: z.string(), until: timeSchema.nullable() }))
        .describe('those that wait for this node'),
    })
    .optional()
    .describe('jobs that the node takes part in; absent without that service'),
  limits: limitsViewSchema,
  privacy: privacyViewSchema,
  warnings: z.array(warningSchema),
});
export type Status = z.infer<typeof statusSchema>;
