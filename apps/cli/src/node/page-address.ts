import type { AdminAccess } from '@chorus/admin-api';

/** The address of a node's page. The token is in the fragment, which a browser sends to no server. */
export const addressWithToken = ({ url, token }: AdminAccess): string =>
  `${new URL('/', url).href}#token=${encodeURIComponent(token)}`;

/** A document that leads to an address. */
export const doorOf = (url: string): string =>
  `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Chorus</title>` +
  `<meta http-equiv="refresh" content="0; url=${url.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">\n`;
