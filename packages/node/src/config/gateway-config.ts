import { z } from 'zod';
import { isLoopback } from '../utils/is-loopback.ts';
import { bytesSchema } from '../utils/quantities.ts';

/** Settings of the public HTTP server, which serves what the services offer to strangers. */
export const gatewayConfigSchema = z
  .strictObject({
    enabled: z.boolean().default(false),
    /** A page for everyone, to be read only: tasks, rounds and their proofs, agents, votes. */
    explorer: z.boolean().default(false),
    host: z.string().min(1).max(255).default('127.0.0.1'),
    /** 0 uses a free port, which the status states. */
    port: z.number().int().min(0).max(65535).default(0),
    /** Address that others reach it by, such as `https://agents.example`: of a proxy that speaks TLS. */
    url: z.url({ protocol: /^https?$/ }).optional(),
    /** Host names, in addition to those of loopback and of `url`, that requests may use. */
    allowedHosts: z.array(z.string().min(1).max(255)).max(32).default([]),
    /** Origins of web pages that may call it. */
    allowedOrigins: z.array(z.url()).max(32).default([]),
    /** Requests from one address per minute. */
    requestsPerMinute: z.number().int().min(1).max(1_000_000).default(120),
    /** Largest body of a request. */
    maxRequestBytes: bytesSchema.prefault('8 MB'),
    maxConnections: z.number().int().min(1).max(100_000).default(256),
    /** Take the address of a caller from X-Forwarded-For: only behind a proxy that sets it. */
    behindProxy: z.boolean().default(false),
  })
  .refine(({ enabled, host, url }) => !enabled || isLoopback(host) || url !== undefined, {
    path: ['url'],
    message: 'is needed if the gateway listens on other addresses than loopback: others have to know it',
  });

export type GatewayConfig = z.infer<typeof gatewayConfigSchema>;
