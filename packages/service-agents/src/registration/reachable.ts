import { isIP } from 'node:net';
import { isPublicAddress } from '@chorus/a2a';

/**
 * Whether an address may be registered for others to call: one that leads to this machine or into a private network
 * leads everybody else elsewhere. A name is taken as the owner gave it.
 */
export function isReachable(url: string): boolean {
  const { hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host)) return isPublicAddress(host);
  return host.includes('.') && !/(^|\.)(localhost|local|internal|home\.arpa)$/i.test(host);
}
