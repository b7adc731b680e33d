import { AgentCard, generateAgentCardSignature } from '@a2a-js/sdk';
import { keysOfSeed } from '../identity/did-key.ts';

/**
 * Sign a card (A2A 1.0, section 8.4) with a node's key, and return the bytes to serve: clients that pin the
 * card's digest must get the same bytes each time.
 * @param seed the node's Ed25519 seed, 32 bytes
 * @throws ChorusError `E_A2A_KEY`
 */
export async function signCard(card: AgentCard, seed: Uint8Array): Promise<Uint8Array> {
  const { did, privateKey } = keysOfSeed(seed);
  const kid = `${did}#${did.slice('did:key:'.length)}`;
  const signed = await generateAgentCardSignature(privateKey, { alg: 'EdDSA', kid, typ: 'JOSE' })({
    ...card,
    signatures: [],
  });
  return new TextEncoder().encode(JSON.stringify(AgentCard.toJSON(signed)));
}
