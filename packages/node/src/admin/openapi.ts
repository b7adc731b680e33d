import { problemSchema } from '@chorus/admin-api/routes';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { AdminEnv } from './env.ts';

const LICENSE = { name: 'GPL-3.0-or-later', identifier: 'GPL-3.0-or-later' };

/** The description of an API (OpenAPI 3.1), generated from the schemas that check requests and answers. */
export function describeApi(app: OpenAPIHono<AdminEnv>, version: string): Record<string, unknown> {
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'The token in admin.json of the data folder',
  });
  registry.registerComponent('schemas', 'Problem', problemDescription());
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Chorus node',
      version,
      description:
        'Admin API of one node. Amounts and ids are decimal strings, times are UTC. Errors are problem documents.',
      license: LICENSE,
    },
  });
  return { ...document };
}

/** A problem. A later version may add fields, so additional fields are allowed. */
function problemDescription() {
  const { $schema: _, additionalProperties: __, ...description } = z.toJSONSchema(problemSchema);
  return description as Parameters<OpenAPIHono['openAPIRegistry']['registerComponent']>[2];
}
