import { z } from 'zod';
import type { ApiError } from '../errors/api-error.ts';
import { MAX_INPUTS } from './limits.ts';
import { parseWith } from './parse.ts';
import { promptsSchema } from './prompts.ts';
import { agentName } from './sampling.ts';
import { only } from './unsupported.ts';

/** What `POST /v1/embeddings` takes. */
const embeddingRequestSchema = z.object({
  model: agentName,
  input: promptsSchema(MAX_INPUTS),
  encoding_format: z.enum(['float', 'base64'], 'must be float or base64').nullish(),
  dimensions: only(
    () => false,
    'vectors have the length that the model gives them; dimensions cannot be set',
  ),
});

export type EmbeddingRequest = z.infer<typeof embeddingRequestSchema>;

/** Parse the body of a request; an ApiError says what is wrong with the first faulty parameter. */
export const parseEmbeddingRequest = (json: unknown): { request: EmbeddingRequest } | { error: ApiError } =>
  parseWith(embeddingRequestSchema, json);
