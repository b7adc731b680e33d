import type { Problem } from '@chorus/admin-api';
import { problemSchema } from '@chorus/admin-api/routes';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type AdminConfig, adminConfigSchema } from '../../config/admin-config.ts';
import type { AdminEnv } from '../env.ts';
import { adminHost } from '../host.ts';

export const TOKEN = 'a-token-of-thirty-two-bytes-or-more';
export const JSON_TYPE = { 'content-type': 'application/json' };

export interface HostOfOptions {
  config?: Partial<AdminConfig>;
  /** Where the requests come from. */
  address?: string;
  /** Folder of a web page. */
  page?: string;
}

/** A host of some areas, to be asked by their owner. */
export function hostOf(areas: readonly OpenAPIHono<AdminEnv>[], options: HostOfOptions = {}) {
  const errors: unknown[] = [];
  const app = adminHost({
    config: adminConfigSchema.parse(options.config ?? {}),
    token: TOKEN,
    version: '1.2.3',
    areas,
    page: options.page,
    onError: (error) => errors.push(error),
  });
  const ask = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string | Uint8Array | ReadableStream,
  ): Promise<Response> =>
    app.request(
      `http://127.0.0.1${path}`,
      {
        method,
        headers: { host: '127.0.0.1:4500', authorization: `Bearer ${TOKEN}`, ...headers },
        ...(body === undefined ? {} : { body: body as string, duplex: 'half' }),
      } as RequestInit,
      { incoming: { socket: { remoteAddress: options.address ?? '127.0.0.1' } } },
    );
  return { ask, errors };
}

/** The problem that the node answered with; throws if the answer is not one. */
export async function problemIn(response: Response): Promise<Problem> {
  const type = response.headers.get('content-type');
  if (type !== 'application/problem+json')
    throw new Error(`status ${response.status}, ${type} is not a problem`);
  return problemSchema.strict().parse(await response.json()) as Problem;
}
