import { ChorusError, type Embedder } from '@chorus/protocol';
import { endpointFault } from './faults.ts';
import { guardedFetch } from './guarded-fetch.ts';

export interface EmbedderOptions {
  /** Base address of an OpenAI-compatible API, such as `http://127.0.0.1:11434/v1`. */
  url: string;
  /** Name of the model there. */
  model: string;
  key: string | null;
  /** Milliseconds of silence after which an answer is given up. */
  idleMilliseconds?: number;
}

/** A server that loads a model first is silent for a while. */
const IDLE_MILLISECONDS = 120_000;

/** Bytes of the answer for one text: 8,192 numbers in JSON. */
const BYTES_PER_TEXT = 256 * 1024;

/** Vectors from the endpoint `/embeddings` of an OpenAI-compatible API. A failed request is not repeated. */
export function createEmbedder(options: EmbedderOptions): Embedder {
  const { url, model, key, idleMilliseconds = IDLE_MILLISECONDS } = options;
  return {
    model,
    async embed(texts, signal) {
      signal.throwIfAborted();
      globalThis.AI_SDK_LOG_WARNINGS = false;
      const [{ embedMany }, { createOpenAICompatible }] = await Promise.all([
        import('ai'),
        import('@ai-sdk/openai-compatible'),
      ]);
      const provider = createOpenAICompatible({
        name: 'endpoint',
        baseURL: url,
        ...(key ? { apiKey: key } : {}),
        fetch: guardedFetch({
          maxBytes: BYTES_PER_TEXT * Math.max(1, texts.length),
          idleMilliseconds,
          accepts: 'application/json',
        }),
      });
      try {
        const { embeddings } = await embedMany({
          model: provider.embeddingModel(model),
          values: [...texts],
          maxRetries: 0,
          abortSignal: signal,
        });
        if (embeddings.length !== texts.length) {
          throw new ChorusError('E_ENGINE_RESPONSE', 'the endpoint answers with another number of vectors', {
            facts: { asked: texts.length, got: embeddings.length },
            hint: 'check knowledge.embed.model',
          });
        }
        return embeddings.map((vector) => Float32Array.from(vector));
      } catch (error) {
        signal.throwIfAborted();
        throw endpointFault(error, model);
      }
    },
  };
}
