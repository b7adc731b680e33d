import type { RouteConfig } from '@hono/zod-openapi';
import { z } from 'zod';
import { PROBLEM_STATUSES } from '../documents/problem.ts';

/**
 * One operation of the API, as `createRoute` of `@hono/zod-openapi` takes it. The server validates with it, the OpenAPI
 * document describes it, and the client takes paths and types from it, without loading hono.
 */
export interface Endpoint extends Omit<RouteConfig, 'path' | 'operationId'> {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Parameters in braces, as in OpenAPI. */
  readonly path: `/${string}`;
  readonly operationId: string;
  readonly summary: string;
  readonly security: Security;
}

/** A symbol, so that the OpenAPI document does not have it. */
const SLOW = Symbol('slow');

/** An endpoint whose answer waits for the chain, or for a large file. */
export const slow = <T extends Endpoint>(endpoint: T): T => ({ ...endpoint, [SLOW]: true });

/** Whether an endpoint, or a route made of it, may take minutes to answer. */
export const isSlow = (endpoint: object): boolean => SLOW in endpoint;

/** A symbol, as {@link SLOW}. */
const BODY = Symbol('body');

/** An endpoint whose JSON may have more bytes than requests usually have. */
export const upTo = <T extends Endpoint>(maxBytes: number, endpoint: T): T => ({
  ...endpoint,
  [BODY]: maxBytes,
});

/** The most bytes of JSON that an endpoint, or a route made of it, takes; undefined: as usual. */
export const bodyBytesOf = (endpoint: object): number | undefined => (endpoint as { [BODY]?: number })[BODY];

type Security = Record<string, string[]>[];

/** Who may call an endpoint. An empty alternative: the token is not needed if the configuration opens the metrics. */
export const OPEN: Security = [];
export const TOKEN: Security = [{ token: [] }];
export const METRICS: Security = [{ token: [] }, {}];

const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });

/** A request with a JSON document. */
export const jsonBody = <T extends z.ZodType>(schema: T) => ({ required: true, content: json(schema) });

/** A request that is a file of at most `maxBytes`. */
export const fileBody = (maxBytes: number) => ({
  required: true,
  description: `at most ${maxBytes} bytes`,
  content: { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } },
});

/** Every endpoint may answer with a problem instead. */
const problem = {
  description: `a problem: ${PROBLEM_STATUSES.join(', ')}`,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** Answers with a JSON document. */
export const answers = <T extends z.ZodType>(schema: T) => ({
  200: { description: 'as asked', content: json(schema) },
  default: problem,
});

/** Answers with a JSON document, also while the node is not ready. */
export const answersAlways = <T extends z.ZodType>(schema: T) => ({
  ...answers(schema),
  503: { description: 'not now', content: json(schema) },
});

/** Answers with a file. */
export const answersFile = {
  200: {
    description: 'as asked',
    content: { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } },
  },
  default: problem,
};

/** Answers with text of a type. */
export const answersText = <T extends string>(type: T) => ({
  200: { description: 'as asked', content: { [type]: { schema: z.string() } } as TextContent<T> },
  default: problem,
});

type TextContent<T extends string> = Record<T, { schema: z.ZodString }>;
