import { z } from 'zod';

/** Settings of a node's admin API. */
export const adminConfigSchema = z.strictObject({
  enabled: z.boolean().default(true),
  /** Loopback unless there is a reason: the API can spend the wallet's stake, and speaks plain HTTP. */
  host: z.string().min(1).max(255).default('127.0.0.1'),
  /** 0 uses a free port, which `admin.json` of the data folder states. */
  port: z.number().int().min(0).max(65535).default(0),
  /** Names, in addition to those of loopback, that requests may use for the API (the Host header). */
  allowedHosts: z.array(z.string().min(1).max(255)).max(32).default([]),
  /** Origins of web pages that may call it, such as `https://dashboard.example`. */
  allowedOrigins: z.array(z.url()).max(32).default([]),
  /** Serve /metrics without the token to callers on loopback: for a Prometheus on this machine. */
  openMetrics: z.boolean().default(false),
});

export type AdminConfig = z.infer<typeof adminConfigSchema>;
