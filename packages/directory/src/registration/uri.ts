import { ChorusError } from '@chorus/protocol';
import { MAX_REGISTRATION_BYTES } from './file.ts';

/** Where the registration file of an identity is: behind a CID, or in the URI itself. */
export type RegistrationSource = { kind: 'ipfs'; cid: string } | { kind: 'data'; bytes: Uint8Array };

/** The URI of a registration file in content-addressed storage. */
export const registrationUriOf = (cid: string): string => `ipfs://${cid}`;

/**
 * Where a URI leads. Web addresses are not followed: a stranger would choose whom this node calls, and nothing would
 * prove what comes back.
 * @throws ChorusError `E_AGENT_REGISTRATION`
 */
export function readRegistrationUri(uri: string): RegistrationSource {
  const ipfs = /^ipfs:\/\/([A-Za-z0-9]{1,120})\/?$/.exec(uri);
  if (ipfs) return { kind: 'ipfs', cid: ipfs[1]! };
  const data = /^data:application\/json(;charset=utf-8)?(;base64)?,/i.exec(uri);
  // Base64 is a third longer, an escaped character three times.
  if (data && uri.length <= 3 * MAX_REGISTRATION_BYTES + 64) {
    const content = uri.slice(data[0].length);
    try {
      const bytes = data[2] ? Buffer.from(content, 'base64') : Buffer.from(decodeURIComponent(content));
      return { kind: 'data', bytes: new Uint8Array(bytes) };
    } catch {
      // Refused below, like every other URI that cannot be read.
    }
  }
  throw new ChorusError('E_AGENT_REGISTRATION', 'the registration file is at no place that is read', {
    facts: { uri: uri.slice(0, 200) },
    hint: 'registration files are read from ipfs:// and data: URIs',
  });
}
