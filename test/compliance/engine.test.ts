import {
  createChatEngine,
  createClassifier,
  createLanguageModel,
  createTextEmbedder,
  createTextModel,
} from '@chorus/inference';
import { createTokenizer, openDecoder, tinyModel } from '@chorus/language-models';
import { referenceGreedy } from '@chorus/language-models/testing';
import { mockOpenAi } from '../../packages/inference/src/testing/mock-openai.ts';
import { counting, largest, vectorModel } from '../../packages/inference/src/testing/models.ts';
import { ScriptedEngine } from '../twins/engine.ts';
import { describeEngine } from './engine.ts';

const picture = {
  files: [{ name: 'a.bin', mediaType: 'application/octet-stream', bytes: new Uint8Array(4) }],
};

describeEngine('in memory', async () => ({
  engine: new ScriptedEngine(),
  questions: [
    ['one', 'echo: one'],
    ['two', 'echo: two'],
  ],
  unreadable: picture,
  close: async () => undefined,
}));

describeEngine('chat endpoint', async () => {
  const server = await mockOpenAi();
  return {
    engine: createChatEngine({ url: server.url, name: 'echo' }),
    questions: [
      ['one', 'echo: one \u{1f40c}'],
      ['zwei\u00e4', 'echo: zwei\u00e4 \u{1f40c}'],
    ],
    unreadable: picture,
    close: () => server.close(),
  };
});

describeEngine('ONNX classifier', async () => ({
  engine: await createClassifier({ model: largest(3), name: 'largest.onnx', classes: ['a', 'b', 'c'] }),
  questions: [
    ['[2, 0, 0]', 'a (100.0 %)'],
    ['0, 0, 2', 'c (100.0 %)'],
  ],
  unreadable: picture,
  close: async () => undefined,
}));

describeEngine('ONNX language model over bytes', async () => ({
  engine: await createTextModel({
    model: counting(4),
    name: 'counting.onnx',
    sampling: { length: 5, temperature: 0, topK: 256, stop: [] },
  }),
  questions: [
    ['abc', 'defgh'],
    ['012', '34567'],
  ],
  unreadable: picture,
  close: async () => undefined,
}));

describeEngine('model of texts as vectors', async () => ({
  engine: await createTextEmbedder({ ...vectorModel(), name: 'vectors.onnx' }),
  questions: [
    ['ferry', 'a vector of 4 numbers'],
    ['snail', 'a vector of 4 numbers'],
  ],
  unreadable: picture,
  close: async () => undefined,
}));

describeEngine('language model', async () => {
  const model = tinyModel();
  const tokenizer = createTokenizer(openDecoder(model));
  // What the float64 reference writes.
  const asked = (text: string): [string, string] => {
    const prompt = tokenizer.encodeChat([{ role: 'user', content: text }], { addGenerationPrompt: true });
    return [text, tokenizer.decode(referenceGreedy(model, prompt, 100, tokenizer.ends))];
  };
  return {
    engine: await createLanguageModel({
      model,
      name: 'tiny.gguf',
      weights: 'float32',
      sampling: { temperature: 0 },
    }),
    questions: [asked('one'), asked('two')],
    unreadable: picture,
    close: async () => undefined,
  };
});
