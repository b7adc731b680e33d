import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { ChorusError } from '@chorus/protocol';
import { Agent, buildConnector } from 'undici';
import { isPublicAddress } from './addresses.ts';

export interface GuardOptions {
  /** Plain http, and addresses of this machine and its networks. Only for tests and local networks. */
  allowPrivate?: boolean;
}

/**
 * A URL that a stranger gave, if it may be called: https, a host, no password, and no address that is not public.
 * @throws ChorusError `E_A2A_URL`
 */
export function guardedUrl(text: string, { allowPrivate = false }: GuardOptions = {}): URL {
  const refuse = (why: string) =>
    new ChorusError('E_A2A_URL', `this URL is not called: ${why}`, { facts: { url: text.slice(0, 200) } });
  if (text.length > 2_048 || !URL.canParse(text)) throw refuse('it is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
    throw refuse('it is not https');
  if (url.username || url.password) throw refuse('it holds a name or password');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && isIP(host) && !isPublicAddress(host)) throw refuse('its address is not public');
  return url;
}

/**
 * Connects only to public addresses. The name is looked up once, here, and the connection goes to what was found and
 * checked: a name that means another address a moment later (DNS rebinding) gains nothing.
 */
export function guardedAgent({ allowPrivate = false }: GuardOptions = {}): Agent {
  const connect = buildConnector({
    timeout: 10_000,
    lookup: (host, options, callback) => {
      lookup(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
        if (error) return callback(error, '', 4);
        const fit = addresses.filter(({ address }) => allowPrivate || isPublicAddress(address));
        const first = fit[0];
        if (!first) return callback(new Error('its address is not public'), '', 4);
        if (options.all) callback(null, fit);
        else callback(null, first.address, first.family);
      });
    },
  });
  return new Agent({ connections: 8, pipelining: 0, maxHeaderSize: 16 * 1024, connect });
}
