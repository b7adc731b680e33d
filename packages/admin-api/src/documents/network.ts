import { z } from 'zod';
import { peerIdSchema, timeSchema } from './values.ts';

export const peerSchema = z.object({
  peerId: peerIdSchema,
  addresses: z.array(z.string()).describe('addresses of its open connections'),
  direction: z.enum(['inbound', 'outbound']).nullable(),
  since: timeSchema.nullable(),
  latencyMs: z.number().nullable().describe('round trip of the last ping'),
  score: z.number().nullable().describe('gossip score; a peer below zero is mistrusted'),
  blame: z.number().nullable().describe('0 to 100; at 100 a peer is banned'),
  tasks: z.array(z.string()).describe('tasks that both the peer and this node are members of'),
});
export type Peer = z.infer<typeof peerSchema>;

export const peerListSchema = z.object({ peers: z.array(peerSchema) });
export type PeerList = z.infer<typeof peerListSchema>;

export const banSchema = z.object({
  peerId: peerIdSchema,
  reason: z.string(),
  until: timeSchema.nullable().describe('null: permanently'),
});
export type BannedPeer = z.infer<typeof banSchema>;

export const banListSchema = z.object({ bans: z.array(banSchema) });
export type BanList = z.infer<typeof banListSchema>;

export const banRequestSchema = z.strictObject({
  peerId: peerIdSchema,
  seconds: z
    .number()
    .int()
    .positive()
    .max(31_536_000)
    .optional()
    .describe('default: the duration of automatic bans'),
  reason: z.string().min(1).max(200).optional(),
});
export type BanRequest = z.infer<typeof banRequestSchema>;
