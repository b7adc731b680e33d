import type { EmbeddingModel } from '@chorus/agent';
import type { Embedder } from '@chorus/protocol';
import { openEmbedding } from './open-engine.ts';

/**
 * A model of texts as vectors on this machine, for an agent's documents. Texts beyond its tokens are cut: the beginning of
 * a passage says what it is about.
 * @throws ChorusError why it cannot be used
 */
export async function localEmbedder(
  model: EmbeddingModel,
  folder: string,
  signal: AbortSignal,
): Promise<Embedder> {
  const engine = await openEmbedding(model, folder, signal, true);
  return {
    // Vectors of another file, or pooled in another way, are not compared.
    model: `${engine.model} ${engine.digest.slice(0, 16)} ${model.pooling}${model.normalise ? '' : ' raw'}`,
    async embed(texts, asked) {
      const vectors: Float32Array[] = [];
      for await (const some of engine.embed(
        texts.map((text) => ({ text })),
        asked,
      )) {
        vectors.push(...some.vectors);
      }
      return vectors;
    },
    close: () => engine.close(),
  };
}
