/**
 * Names of keys, places and extensions of agents. Light to import: it loads nothing of A2A.
 *
 * @packageDocumentation
 */
export { CARD_PATH, PAYMENT_EXTENSION, peerUrl } from './card/binding.ts';
export { identityOfPeerId, keysOfSeed } from './identity/did-key.ts';
