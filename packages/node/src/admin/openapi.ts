import { z } from 'zod';
import { PROBLEM_STATUSES } from './problem.ts';
import { problemSchema } from './schema/problem.ts';
import { ROUTES, type Route } from './schema/routes.ts';

/** A part of the document, as JSON. */
type Json = Record<string, unknown>;

const DIALECT = { target: 'draft-2020-12', unrepresentable: 'any' } as const;

/** JSON Schema of a request. */
const inputSchema = (schema: z.ZodType): Json => bare(z.toJSONSchema(schema, { ...DIALECT, io: 'input' }));

/** JSON Schema of an answer. A later version may add fields, so additional fields are allowed. */
function outputSchema(schema: z.ZodType): Json {
  return bare(
    z.toJSONSchema(schema, {
      ...DIALECT,
      io: 'output',
      override: ({ jsonSchema }) => {
        if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }),
  );
}

function bare(schema: object): Json {
  const { $schema: _, ...rest } = schema as Json;
  return rest;
}

const named = (schema: z.ZodObject | undefined, place: 'path' | 'query') =>
  Object.entries(schema?.shape ?? {}).map(([name, part]) => ({
    name,
    in: place,
    required: place === 'path' || !(part as z.ZodType).safeParse(undefined).success,
    schema: inputSchema(part as z.ZodType),
  }));

/** The description of the API (OpenAPI 3.1), generated from the schemas that check requests and answers. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(ROUTES) as [string, Route][]) {
    const item = paths[route.path] ?? {};
    paths[route.path] = item;
    item[route.method] = operation(operationId, route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Chorus node',
      version,
      description:
        'Admin API of one node. Amounts and ids are decimal strings, times are UTC. Errors are problem documents.',
      license: { name: 'GPL-3.0-or-later', identifier: 'GPL-3.0-or-later' },
    },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The token in admin.json of the data folder' },
      },
      schemas: { Problem: outputSchema(problemSchema) },
    },
  };
}

function operation(operationId: string, route: Route): Json {
  const content = route.response
    ? { 'application/json': { schema: outputSchema(route.response) } }
    : { [route.produces ?? 'text/plain']: { schema: { type: 'string' } } };
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  const parameters = [...named(route.params, 'path'), ...named(route.query, 'query')];
  return {
    operationId,
    summary: route.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: inputSchema(route.body) } },
          },
        }
      : {}),
    ...(route.fileBytes === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            description: `at most ${route.fileBytes} bytes`,
            content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
          },
        }),
    // An empty alternative: the token is not needed if the configuration opens the metrics.
    security: { token: [{ token: [] }], metrics: [{ token: [] }, {}], open: [] }[route.access],
    responses: {
      200: { description: 'as asked', content },
      ...Object.fromEntries(
        (route.also ?? []).map((status) => [status, { description: 'not now', content }]),
      ),
      default: { description: `a problem: ${PROBLEM_STATUSES.join(', ')}`, content: problem },
    },
  };
}
