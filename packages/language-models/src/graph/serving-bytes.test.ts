import { encodeModel } from '@chorus/autodiff';
import { describe, expect, it } from 'vitest';
import { openDecoder } from '../decoder/open.ts';
import { type TinyModelOptions, tinyModel } from '../tiny/tiny-model.ts';
import { servingBytes } from './serving-bytes.ts';
import { servingModel } from './serving-graph.ts';

describe('the bytes of a serving graph', () => {
  it.each<[TinyModelOptions, 'int8' | 'float32']>([
    [{}, 'int8'],
    [{ tiedHead: false, architecture: 'qwen2' }, 'int8'],
    [{ architecture: 'qwen3', headSize: 32 }, 'float32'],
    [{ tiedHead: false }, 'float32'],
  ])('are known before it is made: %j as %s', (options, weights) => {
    const decoder = openDecoder(tinyModel(options));
    const made = encodeModel(servingModel(decoder, { weights, context: 200 })).length;
    const bytes = servingBytes(decoder, { weights, context: 200 });
    expect(made).toBeGreaterThan(bytes);
    expect(made).toBeLessThan(bytes + 16_000);
  });
});
