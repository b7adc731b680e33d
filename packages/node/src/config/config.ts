import { type AddressUse, addressFault } from '@chorus/network';
import { ADDRESS_PATTERN, ChorusError, faultOf } from '@chorus/protocol';
import { z } from 'zod';
import { adminConfigSchema } from './admin-config.ts';
import { attackSchema } from './attack-config.ts';
import { limitsSchema, tokensSchema } from './limits-config.ts';
import { logConfigSchema } from './log-config.ts';
import { privacyConfigSchema } from './privacy-config.ts';

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

/** config/descriptions.ts explains each value to users. */
export const nodeConfigSchema = z.strictObject({
  /** Keys, shards, payloads and blocks live here; nothing is written elsewhere. */
  dataDir: z.string().min(1),
  roles: z.array(z.enum(['trainer', 'validator', 'aggregator'])).max(3),
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
  /** A shard file or data folder to train on (trainer) or to compute the reference on (validator). */
  data: z.string().optional(),
  /** Folder of the reference string's cache, shared by the nodes of one machine. */
  srsCache: z.string().optional(),
  /** Largest stake to put at risk in one task, in whole tokens. Nothing without the owner's consent. */
  maxStake: tokensSchema.default('0'),
  /** Threads of local training. */
  threads: z.number().int().positive().max(256).default(1),
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'dml']).default('cpu'),
  seed: z.number().int().nonnegative().default(1),
  /** Seconds a node has to finish or roll back its current step when it is asked to stop. */
  shutdownSeconds: z.number().int().positive().max(3600).default(20),
  /** The contributor's limits for the node, in addition to `maxStake`. */
  limits: limitsSchema.prefault({}),
  /** How much the node's publications may reveal of its data. */
  privacy: privacyConfigSchema.prefault({}),
  admin: adminConfigSchema.prefault({}),
  log: logConfigSchema.prefault({}),
  attack: attackSchema.optional(),
});

/** Configuration of one node, after defaults. */
export type NodeConfig = z.infer<typeof nodeConfigSchema>;
/** Configuration as users write it: defaults may be omitted. */
export type NodeConfigInput = z.input<typeof nodeConfigSchema>;

/** Where a value of a configuration was written, in the user's terms. */
export interface Origin {
  /** The file, the variable, or the flag. */
  source: string;
  hint: string;
}

/**
 * @param source - the file
 * @param originOf - where the value of a field was written, if not in the file
 * @throws ChorusError `E_CONFIG` naming the field at fault, and the file, variable or flag it was written in
 */
export function parseConfig(
  value: unknown,
  source: string,
  originOf: (field: string) => Origin | null = () => null,
): NodeConfig {
  const parsed = nodeConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = [...(issue?.path ?? []), ...unknown].map(String).join('.');
  const missing = issue?.code === 'invalid_type' && valueAt(value, issue.path) === undefined;
  const fault = missing ? 'is missing' : `${faultOf(issue)}${exampleFor(issue)}`;
  const origin = originOf(field);
  throw new ChorusError('E_CONFIG', `${field || 'the configuration'}: ${fault}`, {
    facts: { source: origin?.source ?? source, field },
    hint:
      origin?.hint ??
      (missing
        ? 'add it to the file, or create a configuration with `chorus init`'
        : 'correct it in the file'),
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (at as Record<PropertyKey, unknown> | null | undefined)?.[name],
    value,
  );
}

/** How to write a value that is not a text. */
function exampleFor(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== 'invalid_type') return '';
  if (issue.expected === 'array') return ', written [one, other]';
  return issue.expected === 'object' || issue.expected === 'record' ? ', written {name: value}' : '';
}
