import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

type Policy = NonNullable<NonNullable<Parameters<typeof secureHeaders>[0]>['contentSecurityPolicy']>;

/** Of answers that are data: a browser that shows one runs nothing of it. */
const DATA_POLICY: Policy = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** Of the page: its own files, its own node, nothing inline, and text that is never taken for HTML. */
const PAGE_POLICY: Policy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  workerSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
};

const secure = (contentSecurityPolicy: Policy) =>
  secureHeaders({
    contentSecurityPolicy,
    xFrameOptions: 'DENY',
    // Both servers speak in the clear, where a browser ignores it; a proxy with TLS adds its own.
    strictTransportSecurity: false,
  });

/**
 * Headers by which a browser runs nothing of an answer, and shows it in no frame.
 * @param isPage whether a path belongs to the page, which runs its own files
 */
export function securityHeaders(isPage: (path: string) => boolean): MiddlewareHandler {
  const [ofData, ofPage] = [secure(DATA_POLICY), secure(PAGE_POLICY)];
  return (c, next) => (isPage(c.req.path) ? ofPage : ofData)(c, next);
}
