/** Small ONNX models whose answers are known. */
import { encodeModel, GraphBuilder } from '@chorus/autodiff';

/** A linear classifier without bias on samples of any shape: `weights[class][value]`. */
export function linear(shape: readonly number[], weights: readonly (readonly number[])[]): Uint8Array {
  const g = new GraphBuilder({ name: 'linear' });
  const x = g.input('x', 'float32', ['N', ...shape]);
  const values = shape.reduce((product, dim) => product * dim, 1);
  const matrix = Float32Array.from({ length: values * weights.length }, (_, at) => {
    return weights[at % weights.length]![Math.floor(at / weights.length)]!;
  });
  const flat = g.op('Flatten', [x], { axis: 1 });
  const logits = g.op('MatMul', [flat, g.initializer('w', [values, weights.length], matrix)]);
  g.output(logits, 'float32', ['N', weights.length], 'logits');
  return encodeModel(g.build());
}

/** The class is the place of the largest value. */
export function largest(values: number): Uint8Array {
  const weights = Array.from({ length: values }, (_, c) =>
    Array.from({ length: values }, (_, i) => (i === c ? 5 : 0)),
  );
  return linear([values], weights);
}

/** The same with probabilities as output. */
export function largestWithSoftmax(values: number): Uint8Array {
  const g = new GraphBuilder({ name: 'softmax' });
  const x = g.input('x', 'float32', ['N', values]);
  g.output(g.op('Softmax', [x], { axis: 1 }), 'float32', ['N', values], 'probabilities');
  return encodeModel(g.build());
}

/**
 * A language model over bytes that counts: after `a` comes `b`, after 255 comes 0.
 * @param everywhere whether it predicts at every place, as [N, context, 256]
 */
export function counting(context: number, { everywhere = false, strength = 20 } = {}): Uint8Array {
  const g = new GraphBuilder({ name: 'counting' });
  const x = g.input('x', 'int64', ['N', context]);
  const next = new Float32Array(256 * 256);
  for (let byte = 0; byte < 256; byte++) next[byte * 256 + ((byte + 1) % 256)] = strength;
  const table = g.initializer('table', [256, 256], next);
  if (everywhere) {
    g.output(g.op('Gather', [table, x], { axis: 0 }), 'float32', ['N', context, 256], 'logits');
  } else {
    const last = g.op('Gather', [x, g.constant([], BigInt64Array.of(BigInt(context - 1)))], { axis: 1 });
    g.output(g.op('Gather', [table, last], { axis: 0 }), 'float32', ['N', 256], 'logits');
  }
  return encodeModel(g.build());
}

/** Answers with infinities. */
export function unbounded(values: number): Uint8Array {
  const g = new GraphBuilder({ name: 'unbounded' });
  const x = g.input('x', 'float32', ['N', values]);
  const logits = g.op('Log', [g.op('Sub', [x, x])]);
  g.output(logits, 'float32', ['N', values], 'logits');
  return encodeModel(g.build());
}

/** Words of {@link vectorModel}, by their ids after the three control tokens; the first two mean the same. */
export const VECTOR_WORDS = ['ferry', 'boat', 'snail', 'garden', 'a', '##s'];

/**
 * A model of texts as vectors: each token has a vector of 4 numbers, `ferry` and `boat` the same one; what is padding adds
 * a hundred to each, which must not be seen. With its tokenizer.
 */
export function vectorModel(): { model: Uint8Array; tokenizer: string } {
  const vocabulary = ['[UNK]', '[CLS]', '[SEP]', ...VECTOR_WORDS];
  const table = new Float32Array(vocabulary.length * 4);
  const put = (word: string, vector: readonly number[]) => table.set(vector, vocabulary.indexOf(word) * 4);
  put('[UNK]', [0, 0, 0.5, 0]);
  put('ferry', [4, 0, 0, 0]);
  put('boat', [4, 0, 0, 0]);
  put('snail', [0, 4, 0, 0]);
  put('garden', [0, 2, 2, 0]);
  put('a', [0, 0, 0, 1]);
  put('##s', [0, 0, 0, 1]);
  const g = new GraphBuilder({ name: 'vectors' });
  const ids = g.input('input_ids', 'int64', ['batch', 'sequence']);
  const mask = g.input('attention_mask', 'int64', ['batch', 'sequence']);
  const vectors = g.op('Gather', [g.initializer('table', [vocabulary.length, 4], table), ids], { axis: 0 });
  const padding = g.op('Sub', [
    g.constant([], Float32Array.of(1)),
    g.op('Unsqueeze', [g.op('Cast', [mask], { to: 1 }), g.ints([-1])]),
  ]);
  const states = g.op('Add', [vectors, g.op('Mul', [padding, g.constant([], Float32Array.of(100))])]);
  g.output(states, 'float32', ['batch', 'sequence', 4], 'last_hidden_state');
  const special = (id: string, content: number) => ({ [id]: { id, ids: [content], tokens: [id] } });
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: vocabulary.slice(0, 3).map((content, id) => ({
      ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    })),
    normalizer: { type: 'BertNormalizer', clean_text: true, lowercase: true, strip_accents: null },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: { ...special('[CLS]', 1), ...special('[SEP]', 2) },
    },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
  };
  return { model: encodeModel(g.build()), tokenizer: JSON.stringify(tokenizer) };
}
