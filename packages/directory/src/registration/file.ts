import { ChorusError } from '@chorus/protocol';
import { z } from 'zod';
import { type AgentRegistry, registryName } from '../registry/registry.ts';

/** Longest registration file that is read, bytes. */
export const MAX_REGISTRATION_BYTES = 16 * 1024;

/** The type that ERC-8004 gives to registration files. */
export const REGISTRATION_TYPE = 'https://eips.ethereum.org/EIPS/eip-8004#registration-v1';

/** What the registration file of an agent says. */
export interface RegistrationFacts {
  name: string;
  description: string;
  registry: AgentRegistry;
  agentId: bigint;
  /** `did:key:z6Mk...` of the node, whose key signs the agent's card. */
  did: string;
  /** URL of the card over libp2p. */
  libp2pCard: string;
  /** URL of the card at the node's gateway; null if the internet cannot reach it. */
  httpCard: string | null;
  /** URL of the agent's MCP endpoint at the gateway. */
  mcp: string | null;
  x402: boolean;
  /** Whether its card has standing offers. */
  offers?: boolean;
}

/** The registration file of an agent (ERC-8004, "Agent URI and Agent Registration File"), as UTF-8 JSON. */
export function registrationFile(facts: RegistrationFacts): Uint8Array {
  const a2a = [facts.httpCard, facts.libp2pCard].flatMap((endpoint) =>
    endpoint === null ? [] : [{ name: 'A2A', endpoint, version: '1.0' }],
  );
  const file = {
    type: REGISTRATION_TYPE,
    name: facts.name,
    description: facts.description,
    services: [
      ...a2a,
      ...(facts.mcp === null ? [] : [{ name: 'MCP', endpoint: facts.mcp, version: '2025-11-25' }]),
      { name: 'DID', endpoint: facts.did, version: 'v1' },
      ...(facts.offers ? [{ name: 'offers', endpoint: facts.libp2pCard, version: '1' }] : []),
    ],
    x402Support: facts.x402,
    active: true,
    registrations: [{ agentId: Number(facts.agentId), agentRegistry: registryName(facts.registry) }],
    supportedTrust: ['reputation'],
  };
  return encodeFile(file);
}

/**
 * The same file for an agent that is no longer served.
 * @throws ChorusError `E_AGENT_REGISTRATION`
 */
export function retiredFile(bytes: Uint8Array): Uint8Array {
  return encodeFile({ ...readRegistrationFile(bytes), active: false });
}

const encodeFile = (file: object) => new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`);

const word = z.string().max(2_048);

const fileSchema = z.looseObject({
  type: word,
  name: z.string().min(1).max(200),
  description: z.string().max(10_000).default(''),
  services: z
    .array(
      z.looseObject({ name: z.string().max(100), endpoint: word, version: z.string().max(100).optional() }),
    )
    .max(64)
    .default([]),
  x402Support: z.boolean().default(false),
  active: z.boolean().default(true),
  registrations: z
    .array(
      z.looseObject({
        agentId: z.union([z.number().int(), z.string().max(80)]),
        agentRegistry: z.string().max(100),
      }),
    )
    .max(64)
    .default([]),
});

export type RegistrationFile = z.output<typeof fileSchema>;

/**
 * Read a registration file, of any writer of ERC-8004.
 * @throws ChorusError `E_AGENT_REGISTRATION`
 */
export function readRegistrationFile(bytes: Uint8Array): RegistrationFile {
  if (bytes.length > MAX_REGISTRATION_BYTES) throw malformed('it is too long');
  try {
    return fileSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw malformed('its form is wrong', cause);
  }
}

/** Whether the file names this identity, as ERC-8004 requires of the file behind an identity's URI. */
export function namesIdentity(file: RegistrationFile, registry: AgentRegistry, agentId: bigint): boolean {
  return file.registrations.some(
    (each) =>
      String(each.agentId) === agentId.toString() &&
      each.agentRegistry.toLowerCase() === registryName(registry),
  );
}

/** Endpoints of one kind of service, such as `A2A` or `DID`. */
export function endpointsOf(file: RegistrationFile, name: string): string[] {
  return file.services.flatMap((each) =>
    each.name.toLowerCase() === name.toLowerCase() ? [each.endpoint] : [],
  );
}

function malformed(why: string, cause?: unknown): ChorusError {
  return new ChorusError('E_AGENT_REGISTRATION', `this is not a registration file: ${why}`, { cause });
}
