import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { type Context, Hono } from 'hono';

/** Where the files of the page are, and names of such files. */
const ASSET_PATH = '/assets/';
const ASSET = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** Whether a path belongs to the page. Its answers hold nothing of the node, and need no token. */
export const isOfPage = (path: string): boolean => path === '/' || path.startsWith(ASSET_PATH);

/** What the page consists of. Any other file is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HTML = 'text/html; charset=utf-8';
/** The names of assets carry the hash of their content. */
const FOR_EVER = 'private, max-age=31536000, immutable';

const NOT_BUILT = `The web page of this node is not built.

In a checkout of Chorus run
  npx -y pnpm@10.34.9 --filter @chorus/web build
and load this page again. The node itself runs: chorus status
`;

/**
 * The files of a web page: `index.html` at `/`, and what is in `assets`. A path names a file of that one folder or
 * nothing: it has no part that could lead elsewhere.
 * @param folder - of the built page; it may be missing, and is read with each request
 */
export function pageApp(folder: string): Hono {
  return new Hono()
    .get('/', async (c) => {
      const html = await contentOf(join(folder, 'index.html'));
      if (html) return c.body(html, 200, { 'content-type': HTML, 'cache-control': 'no-cache' });
      return c.text(NOT_BUILT, 503);
    })
    .get('/assets/*', (c) => asset(c, folder));
}

async function asset(c: Context, folder: string): Promise<Response> {
  // As it was sent: a name that was encoded is not one of these.
  const { path } = c.req;
  const name = ASSET.exec(path.slice(path.indexOf(ASSET_PATH) + ASSET_PATH.length))?.[0];
  const type = TYPES[extname(name ?? '')];
  const content = name && type ? await contentOf(join(folder, 'assets', name)) : null;
  if (content && type) return c.body(content, 200, { 'content-type': type, 'cache-control': FOR_EVER });
  throw new ChorusError('E_ADMIN_UNKNOWN_PATH', 'the page has no such file', {
    hint: 'load the page again: it may be of another version',
  });
}

/** Null if there is no such file. */
async function contentOf(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
