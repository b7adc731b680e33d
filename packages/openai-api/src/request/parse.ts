import type { z } from 'zod';
import { type ApiError, invalidRequest } from '../errors/api-error.ts';

/** Parse the body of a request; an ApiError says what is wrong with the first faulty parameter. */
export function parseWith<T>(schema: z.ZodType<T>, json: unknown): { request: T } | { error: ApiError } {
  const parsed = schema.safeParse(json);
  if (parsed.success) return { request: parsed.data };
  const { path, message } = parsed.error.issues[0]!;
  const param = path.reduce<string>(
    (before, key) =>
      typeof key === 'number' ? `${before}[${key}]` : `${before}${before && '.'}${String(key)}`,
    '',
  );
  return { error: invalidRequest(param ? `${param}: ${message}` : message, param || null) };
}
