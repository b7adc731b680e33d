import { z } from 'zod';

/** How a node serves its admin API. */
export const adminConfigSchema = z.strictObject({
  enabled: z.boolean().default(true),
  /** Loopback unless there is a reason: the API can spend the wallet's stake, and speaks plain HTTP. */
  host: z.string().min(1).max(255).default('127.0.0.1'),
  /** 0 takes a free port; `admin.json` of the data folder says which. */
  port: z.number().int().min(0).max(65535).default(0),
  /** Names, beside those of loopback, by which the API may be asked for (the Host header). */
  allowedHosts: z.array(z.string().min(1).max(255)).max(32).default([]),
  /** Origins of web pages that may call it, such as `https://dashboard.example`. */
  allowedOrigins: z.array(z.url()).max(32).default([]),
  /** Serve /metrics without the token to callers on loopback: for a Prometheus on this machine. */
  openMetrics: z.boolean().default(false),
});

export type AdminConfig = z.infer<typeof adminConfigSchema>;
