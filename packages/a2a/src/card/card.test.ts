import { generateAgentCardSignature } from '@a2a-js/sdk';
import { hasCode } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { identityOfDid, identityOfHost, identityOfPeerId, keysOfSeed } from '../identity/did-key.ts';
import { LIBP2P_BINDING, parsePeerUrl, peerUrl } from './binding.ts';
import { type AgentDescription, buildCard } from './build.ts';
import { signCard } from './sign.ts';
import { MAX_CARD_BYTES, verifyCard } from './verify.ts';

const SEED = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);
const keys = keysOfSeed(SEED);
const agent: AgentDescription = {
  name: 'Übersetzer',
  description: 'Translates',
  version: '1.2.3',
  skills: [{ id: 'translate', description: 'Text in, text out', tags: ['language'] }],
};
const places = { http: 'https://host.example/agents/7', libp2p: { peerId: keys.peerId, path: '/agents/7' } };
const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const refused = async (bytes: Uint8Array, code: Parameters<typeof hasCode>[1]) =>
  await expect(verifyCard(bytes)).rejects.toSatisfy((error) => hasCode(error, code));

describe('the names of a key', () => {
  it('follow from each other', () => {
    const { did, peerId, host } = keys;
    expect(did).toMatch(/^did:key:z6Mk/);
    expect(peerId).toMatch(/^12D3KooW/);
    expect(host).toMatch(/^k51/);
    for (const identity of [identityOfDid(did), identityOfPeerId(peerId), identityOfHost(host)]) {
      expect(identity).toMatchObject({ did, peerId, host });
    }
  });

  it('are refused if they are of no Ed25519 key', () => {
    const bad = [
      '',
      'did:key:',
      'did:web:x',
      'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
      'z'.repeat(5_000),
    ];
    for (const text of bad) {
      for (const read of [identityOfDid, identityOfPeerId, identityOfHost]) {
        expect(() => read(text)).toThrow(/Ed25519/);
      }
    }
    expect(() => keysOfSeed(new Uint8Array(31))).toThrow(/32 bytes/);
  });

  it('the URL of a peer is read back, and other text is refused', () => {
    expect(parsePeerUrl(peerUrl(keys.host, '/agents/7/?a=b'))).toMatchObject({
      identity: { peerId: keys.peerId },
      path: '/agents/7/?a=b',
    });
    for (const url of [
      'libp2p://x/',
      `http://${keys.host}/`,
      `libp2p://${keys.peerId}/`,
      `libp2p://${keys.host}:80/`,
    ]) {
      expect(() => parsePeerUrl(url)).toThrow();
    }
  });
});

describe('a signed card', () => {
  it('a card is verified with the key that its signature names, and names libp2p last', async () => {
    const { card, signer } = await verifyCard(await signCard(buildCard(agent, places), SEED));
    expect(signer.did).toBe(keys.did);
    expect(card.name).toBe('Übersetzer');
    expect(card.supportedInterfaces.map(({ url, protocolBinding }) => [protocolBinding, url])).toEqual([
      ['JSONRPC', 'https://host.example/agents/7/a2a'],
      ['HTTP+JSON', 'https://host.example/agents/7/rest'],
      [LIBP2P_BINDING, `libp2p://${keys.host}/agents/7/a2a`],
    ]);
  });

  it('a card without any place is not made', () => {
    expect(() => buildCard(agent, {})).toThrow(/nowhere/);
  });

  it('every alteration of a card is found', async () => {
    const signed = json(await signCard(buildCard(agent, places), SEED));
    const alterations: ((card: typeof signed) => void)[] = [
      (card) => {
        card.name = 'Other';
      },
      (card) => {
        card.supportedInterfaces[0].url = 'https://evil.example/a2a';
      },
      (card) =>
        card.supportedInterfaces.push({ ...card.supportedInterfaces[0], url: 'https://evil.example/' }),
      (card) => {
        card.signatures[0].signature = `A${card.signatures[0].signature.slice(1)}`;
      },
      (card) => {
        card.capabilities.pushNotifications = false;
      },
    ];
    for (const alter of alterations) {
      const card = structuredClone(signed);
      alter(card);
      await refused(bytesOf(card), 'E_A2A_CARD_SIGNATURE');
    }
  });

  it('a card whose signature names another key than it was made with is refused', async () => {
    const { did } = keysOfSeed(OTHER);
    const kid = `${did}#${did.slice(8)}`;
    const sign = generateAgentCardSignature(keys.privateKey, { alg: 'EdDSA', kid, typ: 'JOSE' });
    await refused(bytesOf(await sign(buildCard(agent, places))), 'E_A2A_CARD_SIGNATURE');
  });

  it('a card that one node signs for another is refused', async () => {
    await refused(await signCard(buildCard(agent, places), OTHER), 'E_A2A_CARD_SIGNATURE');
  });

  it('a card without a signature by a did:key is refused', async () => {
    const card = json(await signCard(buildCard(agent, places), SEED));
    const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const none = { protected: header({ alg: 'none', kid: keys.did }), signature: '' };
    const web = { protected: header({ alg: 'EdDSA', kid: 'https://evil.example/key' }), signature: 'AA' };
    for (const signatures of [undefined, [], [none], [web], [{ protected: '%', signature: '' }]]) {
      await refused(bytesOf({ ...card, signatures }), 'E_A2A_CARD_SIGNATURE');
    }
  });

  it('bytes that are not a card, or are too long, are refused before their signature is checked', async () => {
    const card = json(await signCard(buildCard(agent, places), SEED));
    for (const bytes of [
      bytesOf(null),
      bytesOf({}),
      bytesOf({ ...card, supportedInterfaces: [] }),
      bytesOf({ ...card, skills: Array.from({ length: 101 }, () => card.skills[0]) }),
      bytesOf({ ...card, signatures: Array.from({ length: 9 }, () => card.signatures[0]) }),
      Uint8Array.of(0xff),
      bytesOf({ ...card, description: 'x'.repeat(MAX_CARD_BYTES) }),
    ]) {
      await refused(bytes, 'E_A2A_CARD');
    }
  });
});
