import type { Registration } from './service.ts';

/**
 * URI of an identity's registration file (ERC-8004). A node need have no web server: the file is in the URI itself,
 * which the standard allows, and names the peer.
 */
export function registrationUri(peerId: string, parts: readonly Registration[]): string {
  const description = parts.flatMap((part) => part.description ?? []).join(' ');
  const file = {
    type: 'https://eips.ethereum.org/EIPS/eip-8004#registration-v1',
    name: `Chorus node ${peerId.slice(-8)}`,
    description: description || 'A node of a Chorus network.',
    services: [
      { name: 'libp2p', endpoint: `/p2p/${peerId}` },
      ...parts.flatMap((part) => part.services ?? []),
    ],
    active: true,
    supportedTrust: ['reputation', 'crypto-economic'],
  };
  return `data:application/json;base64,${Buffer.from(JSON.stringify(file)).toString('base64')}`;
}
