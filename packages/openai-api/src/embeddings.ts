import type { Route } from './answering.ts';
import { invalidRequest } from './errors/api-error.ts';
import { type EmbeddingRequest, parseEmbeddingRequest } from './request/embedding-request.ts';
import { toVectorList } from './response/vectors.ts';

/** `POST /v1/embeddings`: an agent turns texts into vectors. Never streamed. */
export const embeddingsRoute: Route<EmbeddingRequest & { stream?: null }> = {
  prefix: 'embd',
  parse: parseEmbeddingRequest,
  prepare({ executor }, { model, input, encoding_format }) {
    const { embed } = executor;
    if (!embed) {
      const message = 'this agent turns no texts into vectors: it has no model for that';
      return { error: { ...invalidRequest(message, 'model'), code: 'model_not_supported' } };
    }
    return {
      begin(_ids, _head, signal) {
        const events = embed({ inputs: input, caller: 'anonymous' }, signal);
        return {
          whole: () => toVectorList(model, events, encoding_format ?? 'float'),
          chunks: () => {
            throw new Error('vectors are not streamed');
          },
        };
      },
    };
  },
};
