import { ERROR_CODES, type ErrorClass } from '@chorus/protocol';
import { z } from 'zod';

/** Figures and names in an error. */
export const factsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** Errors of the API: problem details (RFC 9457) with the codes of the rest of Chorus. */
export const problemSchema = z.object({
  type: z.string().describe('about:blank, or a URI of the problem type'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  code: z.string().describe('stable code, E_...'),
  hint: z.string().optional().describe('what to do'),
  facts: factsSchema.optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** Statuses of problems, for the API's description. */
export const PROBLEM_STATUSES = [
  ...new Set([...Object.values<ErrorClass>(ERROR_CODES).flatMap(({ status }) => status ?? []), 500]),
].sort();
