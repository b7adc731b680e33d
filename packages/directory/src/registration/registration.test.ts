import { describe, expect, it } from 'vitest';
import {
  endpointsOf,
  MAX_REGISTRATION_BYTES,
  namesIdentity,
  type RegistrationFacts,
  readRegistrationFile,
  registrationFile,
  retiredFile,
} from './file.ts';
import { readRegistrationUri, registrationUriOf } from './uri.ts';

const registry = { chainId: 31337, address: `0x${'ab'.repeat(20)}` as const };
const facts: RegistrationFacts = {
  name: 'Harbour',
  description: 'Answers questions',
  registry,
  agentId: 7n,
  did: 'did:key:z6MkExample',
  libp2pCard: 'libp2p://k51/agents/harbour/.well-known/agent-card.json',
  httpCard: null,
  mcp: null,
  x402: false,
};
const refused = expect.objectContaining({ code: 'E_AGENT_REGISTRATION' });
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('a registration file', () => {
  it('names its identity, its key and its card, as ERC-8004 has it', () => {
    const file = readRegistrationFile(registrationFile(facts));
    expect(file).toMatchObject({
      type: 'https://eips.ethereum.org/EIPS/eip-8004#registration-v1',
      name: 'Harbour',
      active: true,
      registrations: [{ agentId: 7, agentRegistry: `eip155:31337:${registry.address}` }],
    });
    expect(endpointsOf(file, 'did')).toEqual([facts.did]);
    expect(endpointsOf(file, 'A2A')).toEqual([facts.libp2pCard]);
    expect(endpointsOf(file, 'offers')).toEqual([]);
    const offering = readRegistrationFile(registrationFile({ ...facts, offers: true }));
    expect(endpointsOf(offering, 'offers')).toEqual([facts.libp2pCard]);
    expect(namesIdentity(file, registry, 7n)).toBe(true);
    expect(namesIdentity(file, registry, 8n)).toBe(false);
    expect(namesIdentity(file, { ...registry, chainId: 1 }, 7n)).toBe(false);
  });

  it('lists the card at a web address first, for clients that know no other', () => {
    const httpCard = 'https://agents.example/agents/harbour/.well-known/agent-card.json';
    const mcp = 'https://agents.example/agents/harbour/mcp';
    const file = readRegistrationFile(registrationFile({ ...facts, httpCard, mcp }));
    expect(endpointsOf(file, 'A2A')).toEqual([httpCard, facts.libp2pCard]);
    expect(endpointsOf(file, 'MCP')).toEqual([mcp]);
  });

  it('of a retired agent is the same but for that', () => {
    const before = readRegistrationFile(registrationFile(facts));
    expect(readRegistrationFile(retiredFile(registrationFile(facts)))).toEqual({ ...before, active: false });
  });

  it('of others is read as far as the standard goes, and another document is refused', () => {
    expect(readRegistrationFile(bytesOf({ type: 'x', name: 'Other', image: 'y' }))).toMatchObject({
      services: [],
      active: true,
    });
    for (const bytes of [
      bytesOf(null),
      bytesOf({ type: 'x' }),
      bytesOf({
        type: 'x',
        name: 'n',
        services: Array.from({ length: 65 }, () => ({ name: 'A', endpoint: '' })),
      }),
      Uint8Array.of(0xff),
      new Uint8Array(MAX_REGISTRATION_BYTES + 1),
    ]) {
      expect(() => readRegistrationFile(bytes)).toThrow(refused);
    }
  });
});

describe('the URI of a registration file', () => {
  it('leads to a CID or holds the file itself', () => {
    expect(readRegistrationUri(registrationUriOf('bafkexample'))).toEqual({
      kind: 'ipfs',
      cid: 'bafkexample',
    });
    const json = JSON.stringify({ name: 'Ünï' });
    for (const uri of [
      `data:application/json;base64,${Buffer.from(json).toString('base64')}`,
      `data:application/json,${encodeURIComponent(json)}`,
    ]) {
      const source = readRegistrationUri(uri);
      expect(source.kind === 'data' && new TextDecoder().decode(source.bytes)).toBe(json);
    }
  });

  it('is not followed anywhere else', () => {
    for (const uri of [
      '',
      'https://example.org/agent.json',
      'ipfs://',
      'ipfs://../x',
      'ipfs://bafk/path',
      'data:text/html,<b>',
      'data:application/json,%',
      'file:///etc/passwd',
    ]) {
      expect(() => readRegistrationUri(uri)).toThrow(refused);
    }
  });
});
