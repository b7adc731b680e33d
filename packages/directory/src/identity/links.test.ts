import { keysOfSeed, PAYMENT_EXTENSION } from '@chorus/a2a/names';
import { describe, expect, it } from 'vitest';
import { type RegistrationFacts, readRegistrationFile, registrationFile } from '../registration/file.ts';
import { placeOf } from '../registry/place.ts';
import { identityExtension } from './extension.ts';
import { type IdentityEvidence, identityLinks, isProven } from './links.ts';

const { peerId, did } = keysOfSeed(new Uint8Array(32).fill(1));
const stranger = keysOfSeed(new Uint8Array(32).fill(2));
const registry = { chainId: 31337, address: `0x${'ab'.repeat(20)}` as const };
const facts: RegistrationFacts = {
  name: 'Harbour',
  description: '',
  registry,
  agentId: 7n,
  did,
  libp2pCard: 'libp2p://k51/agents/harbour/card',
  httpCard: null,
  mcp: null,
  x402: false,
};
const fileOf = (changes: Partial<RegistrationFacts> = {}) => ({
  value: readRegistrationFile(registrationFile({ ...facts, ...changes })),
});
const cardOf = (agentId: bigint, signer = { did, peerId }) => ({
  value: {
    card: { name: 'Harbour', capabilities: { extensions: [identityExtension(registry, agentId)] } },
    signer,
    milliseconds: 12.4,
  },
});
const evidence: IdentityEvidence = {
  registry,
  agentId: 7n,
  registered: {
    agentId: 7n,
    owner: `0x${'11'.repeat(20)}`,
    wallet: `0x${'11'.repeat(20)}`,
    uri: 'ipfs://bafk',
    place: placeOf(peerId, 'harbour'),
  },
  till: `0x${'77'.repeat(20)}`,
  file: fileOf(),
  card: cardOf(7n),
};
const broken = (changes: Partial<IdentityEvidence>) => {
  const links = identityLinks({ ...evidence, ...changes });
  expect(isProven(links)).toBe(false);
  return links.filter(({ holds }) => holds !== true).map(({ name, holds }) => [name, holds]);
};

describe('the links from an identity to its agent', () => {
  it('hold from the registry to the peer that answers, and back', () => {
    const links = identityLinks(evidence);
    expect(links.map(({ name }) => name)).toEqual([
      'registered',
      'place',
      'file',
      'key',
      'answers',
      'card',
      'payee',
    ]);
    expect(isProven(links)).toBe(true);
  });

  it('an identity that was not given out has none', () => {
    expect(broken({ registered: null }).map(([name]) => name)).toEqual([
      'registered',
      'place',
      'file',
      'key',
      'answers',
      'card',
      'payee',
    ]);
  });

  it('another identity cannot claim an agent: its card names its own', () => {
    expect(
      broken({
        agentId: 9n,
        registered: { ...evidence.registered!, agentId: 9n },
        file: fileOf({ agentId: 9n }),
      }),
    ).toEqual([['card', false]]);
  });

  it('an agent cannot claim an identity whose owner names another place', () => {
    const place = placeOf(stranger.peerId, 'harbour');
    expect(broken({ registered: { ...evidence.registered!, place } })).toEqual([
      ['key', false],
      ['answers', false],
    ]);
  });

  it('a file of another identity, or with another key, is found', () => {
    expect(broken({ file: fileOf({ agentId: 8n }) })).toEqual([['file', false]]);
    expect(broken({ file: fileOf({ did: stranger.did }) })).toEqual([['key', false]]);
  });

  it('what cannot be read is said, and what rests on it is not checked', () => {
    expect(broken({ file: { missing: 'no peer has it' } })).toEqual([
      ['file', false],
      ['key', null],
    ]);
    expect(broken({ card: { missing: 'no answer' } })).toEqual([
      ['answers', false],
      ['card', null],
      ['payee', null],
    ]);
  });

  it('a price that goes to another wallet than the registry names is found', () => {
    const wallet = `0x${'22'.repeat(20)}` as const;
    const priced = (payTo: string) => {
      const { card, ...rest } = cardOf(7n).value;
      const accepts = [{ network: 'eip155:31337', amount: '5', asset: `0x${'33'.repeat(20)}`, payTo }];
      const price = { uri: PAYMENT_EXTENSION, params: { price: '5 CHOR', accepts } };
      const extensions = [...card.capabilities.extensions, price];
      return { value: { ...rest, card: { ...card, capabilities: { extensions } } } };
    };
    const registered = { ...evidence.registered!, wallet };
    expect(isProven(identityLinks({ ...evidence, registered, card: priced(wallet) }))).toBe(true);
    expect(broken({ registered, card: priced(`0x${'44'.repeat(20)}`) })).toEqual([['payee', false]]);
    // Its own till is as good as its wallet; where there are no tills, nothing is.
    expect(isProven(identityLinks({ ...evidence, card: priced(`0x${'77'.repeat(20)}`) }))).toBe(true);
    expect(broken({ till: null, card: priced(`0x${'77'.repeat(20)}`) })).toEqual([['payee', false]]);
    expect(broken({ registered: { ...registered, wallet: null }, card: priced(wallet) })).toEqual([
      ['place', false],
      ['payee', false],
    ]);
  });

  it('a price is what the agent may ask for, whatever the card says of it in words', () => {
    const wallet = evidence.registered!.wallet!;
    const entry = { network: 'eip155:31337', amount: '5', asset: `0x${'33'.repeat(20)}`, payTo: wallet };
    const priced = (...accepts: object[]) => {
      const { card, ...rest } = cardOf(7n).value;
      const price = { uri: PAYMENT_EXTENSION, params: { price: '0.1 CHOR', accepts } };
      const extensions = [...card.capabilities.extensions, price];
      return { value: { ...rest, card: { ...card, capabilities: { extensions } } } };
    };
    const dear = identityLinks({ ...evidence, card: priced(entry, { ...entry, amount: '900' }) });
    expect(dear.at(-1)).toMatchObject({ holds: true, says: expect.stringMatching(/^900 units/) });
    const unclear = [
      priced(entry, { ...entry, payTo: `0x${'44'.repeat(20)}` }),
      priced({ ...entry, amount: 'nothing' }),
      priced(),
    ];
    for (const card of unclear) expect(broken({ card })).toEqual([['payee', false]]);
  });

  it('an identity of a node that is no agent has no place', () => {
    expect(
      broken({ registered: { ...evidence.registered!, place: null }, card: { missing: 'not checked' } }),
    ).toEqual([
      ['place', false],
      ['key', null],
      ['answers', null],
      ['card', null],
      ['payee', null],
    ]);
  });
});
