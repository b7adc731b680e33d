import { type AddressUse, addressFault } from '@chorus/network/address';
import { ADDRESS_PATTERN } from '@chorus/protocol';
import { z } from 'zod';
import { adminConfigSchema } from './admin-config.ts';
import { gatewayConfigSchema } from './gateway-config.ts';
import { hostLimitsSchema } from './limits-config.ts';
import { logConfigSchema } from './log-config.ts';

const address = z.string().regex(ADDRESS_PATTERN, 'must be an address: 0x and 40 hexadecimal digits');

/** An endpoint's URL, such as JSON-RPC. Errors do not repeat it, because it may hold a key. */
const httpUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).host !== '',
    'must be an address that begins with http:// or https://',
  );

const libp2pAddress = (use: AddressUse) =>
  z.string().superRefine((text, context) => {
    const message = addressFault(text, use);
    if (message) context.addIssue({ code: 'custom', message });
  });

/** What every node has, whatever its services. config/descriptions.ts explains each value to users. */
export const hostConfigSchema = z.strictObject({
  /** Keys, shards, payloads and blocks live here; nothing is written elsewhere. */
  dataDir: z.string().min(1),
  chain: z.strictObject({
    url: httpUrl,
    contract: address,
    /** Required chain id; any by default. */
    chainId: z.number().int().positive().optional(),
    /** First block of the deployment: earlier blocks are not searched. */
    deployedAt: z.number().int().nonnegative().default(0),
    /** Interval for polling the chain's head, ms; the default depends on the chain. */
    pollMilliseconds: z.number().int().positive().optional(),
    /** Maximum requests per minute; the default depends on the chain. */
    requestsPerMinute: z.number().int().min(10).max(1_000_000).optional(),
  }),
  network: z
    .strictObject({
      listen: z.array(libp2pAddress('own')).default(['/ip4/127.0.0.1/tcp/0']),
      bootstrap: z.array(libp2pAddress('peer')).default([]),
      announce: z.array(libp2pAddress('own')).default([]),
      mdns: z.boolean().default(false),
      dht: z.enum(['off', 'auto', 'client', 'server']).default('off'),
      webSockets: z.boolean().default(false),
      quic: z.boolean().default(false),
      relayClient: z.boolean().default(false),
      relayServer: z.boolean().default(false),
      autoNat: z.boolean().default(false),
      holePunching: z.boolean().default(false),
      upnp: z.boolean().default(false),
      maxConnections: z.number().int().min(8).max(10_000).optional(),
      maxConnectionsPerHost: z.number().int().positive().optional(),
    })
    .prefault({}),
  storage: z
    .strictObject({
      /** RPC API of a Kubo daemon to use in addition to this node's own block exchange. */
      ipfsApi: httpUrl.optional(),
    })
    .prefault({}),
  /** Seconds a node has to finish or roll back its current step when it is asked to stop. */
  shutdownSeconds: z.number().int().positive().max(3600).default(20),
  /** The owner's limits for all services together. */
  limits: hostLimitsSchema.prefault({}),
  admin: adminConfigSchema.prefault({}),
  gateway: gatewayConfigSchema.prefault({}),
  log: logConfigSchema.prefault({}),
});

/** The host's part of a configuration, after defaults. */
export type HostConfig = z.infer<typeof hostConfigSchema>;
export type HostConfigInput = z.input<typeof hostConfigSchema>;
