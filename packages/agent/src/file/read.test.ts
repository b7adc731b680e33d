import { readFileSync } from 'node:fs';
import { keepSecret, withoutSecrets } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { AgentFileError, sentenceOf } from './file-error.ts';
import { readAgentFile } from './read.ts';
import { TEMPLATES, templateText } from './templates.ts';
import { PLANNED } from './unsupported.ts';

const environment = (name: string) =>
  ({ LLM_KEY: 'sk-abcdefgh12345678', LLM_URL: 'https://llm.example/v1' })[name];
const files: Record<string, string> = {
  'answer.json': '{"type":"object"}',
  './names.txt': 'cat\ndog\n\n',
  './prompt.md': 'Be brief.',
};
const readText = (path: string) => files[path]!;
const read = (text: string) => readAgentFile(text, { source: 'a.yaml', environment, readText });

/** What is wrong with a file: `line:column sentence -> hint`. */
function faults(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof AgentFileError)) throw error;
    return error.faults.map((fault) => `${fault.line}:${fault.column} ${sentenceOf(fault)} -> ${fault.hint}`);
  }
  return [];
}

const HEAD = 'chorus: agent/1\nname: A\n';
const CHAT = `${HEAD}model: { openai: { url: http://127.0.0.1:11434/v1, name: qwen3 } }\n`;

describe('an agent file', () => {
  it('a file with a name and a model gets every default', () => {
    expect(read(CHAT)).toEqual({
      name: 'A',
      description: 'A',
      version: '1.0.0',
      instructions: '',
      model: {
        kind: 'openai',
        url: 'http://127.0.0.1:11434/v1',
        name: 'qwen3',
        key: null,
        temperature: null,
      },
      skills: null,
      tools: [],
      price: null,
      offers: [],
      share: null,
      knowledge: null,
      memory: null,
      completions: false,
      receipts: false,
      limits: { steps: 12, tokens: 32_000, seconds: 120, depth: 3, concurrent: 4 },
    });
  });

  it.each([
    ['model: { gguf: { file: m.gguf } }', true],
    ['model: { gguf: { file: m.gguf } }\ninstructions: Be kind.', false],
    ['model: { gguf: { file: m.gguf } }\ninstructions: Be kind.\ncompletions: true', true],
    ['model: { gguf: { file: m.gguf } }\ncompletions: false', false],
    ['model: { network: { task: 3 } }', true],
    ['model: { network: { task: 3, bytes: true } }', false],
    ['model: { onnx: { file: m.onnx } }', false],
  ])(
    'a language model without instructions writes on from texts of callers, unless its owner says otherwise: %j',
    (model, expected) => {
      expect(read(`${HEAD}${model}`).completions).toBe(expected);
    },
  );

  it('an ONNX model of texts as vectors has its tokenizer, and defaults for the rest', () => {
    expect(read(`${HEAD}model: { onnx: { file: m.onnx, embed: { tokenizer: t.json } } }`)).toMatchObject({
      model: {
        kind: 'embedding',
        file: 'm.onnx',
        tokenizer: 't.json',
        pooling: 'mean',
        normalise: true,
        tokens: 256,
      },
      completions: false,
      receipts: false,
    });
    const both = 'model: { onnx: { file: m.onnx, bytes: true, embed: { tokenizer: t.json } } }';
    expect(faults(`${HEAD}${both}`)).toHaveLength(1);
    const { knowledge } = read(
      `${CHAT}knowledge: { files: [./a], embed: { onnx: { file: m.onnx, tokenizer: t.json } } }`,
    );
    expect(knowledge).toMatchObject({ embed: { kind: 'embedding', file: 'm.onnx', tokens: 256 } });
    const two = 'knowledge: { files: [./a], embed: { model: m, onnx: { file: m.onnx, tokenizer: t.json } } }';
    expect(faults(`${CHAT}${two}`)).toHaveLength(1);
  });

  it.each([
    ['', 'the file is empty'],
    ['# only a comment\n', 'the file is empty'],
    ['[1, 2]', 'this is no agent file'],
    ['some words', 'this is no agent file'],
  ])('a file without sections is refused for what it is: %j', (text, words) => {
    expect(faults(text)).toEqual([expect.stringContaining(words)]);
  });

  it('completions of a model that is no language model here are refused', () => {
    expect(faults(`${CHAT}completions: true`)).toEqual([
      '4:1 "completions" need a language model on this machine (model.gguf), or that of a task (model.network) -> remove them, or name such a model',
    ]);
  });

  it('a file may name texts, which are read from its folder', () => {
    const { instructions, model } = read(
      `${HEAD}instructions: { file: ./prompt.md }\nmodel: { onnx: { file: m.onnx, classes: ./names.txt } }`,
    );
    expect(instructions).toBe('Be brief.');
    expect(model).toEqual({ kind: 'classifier', file: 'm.onnx', classes: ['cat', 'dog'], input: null });
  });

  it('documents are a list of files, or have a model for embeddings as well', () => {
    expect(read(`${CHAT}knowledge: [ ./docs/*.pdf, a.md ]\n`).knowledge).toEqual({
      files: ['./docs/*.pdf', 'a.md'],
      embed: null,
    });
    expect(read(`${CHAT}knowledge: { files: [ a.md ], embed: { model: e5 } }\n`).knowledge).toEqual({
      files: ['a.md'],
      embed: { model: 'e5' },
    });
    expect(faults(`${CHAT}knowledge: { files: [ a.md ], embde: { model: e5 } }\n`)).toEqual([
      expect.stringContaining('did you mean "embed"?'),
    ]);
    expect(faults(`${HEAD}model: { onnx: { file: m.onnx } }\nknowledge: [ a.md ]\n`)).toEqual([
      expect.stringContaining('"knowledge" needs a model that can read documents'),
    ]);
  });

  it('memory is switched on, with the days that notes are kept', () => {
    expect(read(`${CHAT}memory: { notes: on }\n`).memory).toEqual({ keepDays: 90 });
    expect(read(`${CHAT}memory: { notes: on, keep: 7d }\n`).memory).toEqual({ keepDays: 7 });
    expect(faults(`${CHAT}memory: { notes: on, keep: forever }\n`)[0]).toContain('must be a number of days');
    expect(faults(`${HEAD}model: { onnx: { file: m.onnx } }\nmemory: { notes: on }\n`)[0]).toContain(
      '"memory" needs a model that can call tools',
    );
  });

  it('numbers name classes as they are written', () => {
    const { model } = read(`${HEAD}model: { onnx: { file: m.onnx, classes: [0, 1, "02"] } }`);
    expect(model).toMatchObject({ classes: ['0', '1', '02'] });
  });

  it('a language model over bytes has settings for sampling, each with a default', () => {
    const defaults = { length: 400, temperature: 0.8, topK: 256, stop: [] };
    expect(read(`${HEAD}model: { onnx: { file: m.onnx, bytes: true } }`).model).toMatchObject({
      sampling: defaults,
    });
    expect(
      read(`${HEAD}model: { onnx: { file: m.onnx, bytes: { seed: 3, stop: ["."] } } }`).model,
    ).toMatchObject({
      sampling: { ...defaults, seed: 3, stop: ['.'] },
    });
  });

  it('the model of a training task is named by its id', () => {
    expect(read(`${HEAD}model: { network: { task: 12 } }`).model).toEqual({
      kind: 'network',
      task: 12n,
      follow: false,
      cid: null,
      bytes: null,
      sampling: { temperature: 0.7, topP: 0.95, topK: 0, stop: [] },
    });
  });

  it('an agent may follow the task of its model, unless a CID names one', () => {
    expect(read(`${HEAD}model: { network: { task: 12, follow: true } }`).model).toMatchObject({
      follow: true,
    });
    const faulty = faults(`${HEAD}model: { network: { task: 12, follow: true, cid: bafy } }`);
    expect(faulty.join()).toContain('has no meaning with a cid');
  });

  it('a language model is a GGUF file, perhaps with adapters', () => {
    expect(read(`${HEAD}model: { gguf: { file: a.gguf } }`).model).toEqual({
      kind: 'language',
      file: 'a.gguf',
      adapter: null,
      context: null,
      slots: 4,
      schema: null,
      sampling: { temperature: 0.7, topP: 0.95, topK: 0, stop: [] },
    });
    const more =
      'adapter: b.gguf, context: 512, slots: 1, schema: answer.json, sampling: { temperature: 0, seed: 3, stop: [END] }';
    expect(read(`${HEAD}model: { gguf: { file: a.gguf, ${more} } }`).model).toMatchObject({
      adapter: 'b.gguf',
      context: 512,
      slots: 1,
      schema: '{"type":"object"}',
      sampling: { temperature: 0, topP: 0.95, seed: 3, stop: ['END'] },
    });
  });

  it.each(TEMPLATES)('the template %s is a correct file', (template) => {
    const text = templateText(template, { name: 'My "own": agent', schema: './agent.schema.json' });
    expect(read(text)).toMatchObject({ name: 'My "own": agent' });
  });
});

describe('shares of a price', () => {
  const shared = (share: string, model = 'network: { task: 3 }') =>
    `${HEAD}model: { ${model} }\nprice: 0.02 CHOR\nshare: ${share}\n`;

  it('are read as the terms of a till, those of a model from a task by its number', () => {
    const text = shared(
      '{ trainers: 20, holders: 2.5, tools: [{ agent: 9, percent: 1 }, { agent: 4, percent: 0.01 }] }',
    );
    expect(read(text).share).toEqual({
      holdersBps: 250,
      models: [{ id: 3n, bps: 2000 }],
      tools: [
        { id: 4n, bps: 1 },
        { id: 9n, bps: 100 },
      ],
    });
    const list = '{ trainers: [{ task: 8, percent: 30 }, { task: 2, percent: 5 }] }';
    expect(read(shared(list, 'onnx: { file: m.onnx }')).share?.models).toEqual([
      { id: 2n, bps: 500 },
      { id: 8n, bps: 3000 },
    ]);
    expect(read(`${CHAT}price: 1 CHOR\n`).share).toBeNull();
  });

  it.each([
    ['{ trainers: 20 }', 'onnx: { file: m.onnx }', 'must name the tasks'],
    ['{ trainers: 60, holders: 40.01 }', undefined, 'gives 100.01 % away'],
    ['{ trainers: 0 }', undefined, 'share.trainers'],
    ['{ holders: 1.005 }', undefined, 'at most two digits'],
    ['{ holders: 101 }', undefined, 'share.holders'],
    [
      '{ tools: [{ agent: 4, percent: 1 }, { agent: 4, percent: 1 }] }',
      undefined,
      'must name each agent once',
    ],
    ['{ trainers: [{ task: 1, percent: 1 }, { task: 1, percent: 1 }] }', undefined, 'share.trainers'],
    ['{ models: 4000 }', undefined, 'there is no such key'],
  ])('%s of %s are refused', (share, model, message) => {
    expect(faults(shared(share, model)).join()).toContain(message);
  });

  it('need a price', () => {
    expect(faults(`${CHAT}share: { holders: 10 }\n`).join()).toContain('needs a price');
  });
});

describe('a price', () => {
  it.each([
    '0.02',
    '0.02 CHOR extra',
    '0 CHOR',
    '-1 CHOR',
    '1e-2 CHOR',
    '"0,02 CHOR"',
    '{ call: 1 }',
    'CHOR',
  ])('%s is refused', (price) => {
    expect(faults(`${CHAT}price: ${price}\n`)).toHaveLength(1);
  });
});

describe('the files in the documents', () => {
  const document = readFileSync(new URL('../../../../docs/how-to/run-an-agent.md', import.meta.url), 'utf8');
  const blocks = [...document.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);

  it('each agent file in the guide is correct', () => {
    const whole = blocks.filter((text) => text.startsWith('chorus: agent/1'));
    expect(whole.length).toBeGreaterThanOrEqual(3);
    for (const text of whole) expect(faults(text)).toEqual([]);
    for (const text of blocks.filter((each) => !whole.includes(each)))
      expect(faults(HEAD + text)).toEqual([]);
  });
});

describe('the example files of the design', () => {
  const weather = `chorus: agent/1
name: Harbour guide
description: Answers questions about the harbour of Gdynia, with sources.
model: { openai: { url: http://127.0.0.1:11434/v1, name: qwen3:8b } }
instructions: Answer briefly. Cite the document for every fact.
price: 0.02 CHOR
knowledge: [ ./docs/*.pdf, ./timetable.md ]
tools: [ { mcp: { url: https://tides.example/mcp }, approve: never } ]
`;
  const digits = `chorus: agent/1
name: Digit reader
description: Reads one handwritten digit.
model: { network: { task: 1 } }
skills:
  - { id: read-digit, description: 'Image in, digit and confidence out', tags: [vision, digits], input: { mediaType: image/png } }
`;
  const team = `chorus: agent/1
name: Paper desk
description: Finds, checks and summarises papers.
spend: { perCall: 0.50 CHOR, perDay: 20 CHOR, approveAbove: 5 CHOR }
graph: { nodes: { approve: { ask: Publish this? } }, edges: [] }
limits: { steps: 40, seconds: 900 }
`;
  const unsupported = (text: string) =>
    faults(text)
      .filter((fault) => fault.includes('not supported yet'))
      .map((fault) => /"([^"]+)"/.exec(fault)![1]);

  it('a chat agent with documents, a tool and a price is read', () => {
    expect(read(weather)).toMatchObject({
      name: 'Harbour guide',
      model: { name: 'qwen3:8b' },
      price: { digits: 2n, decimals: 2, token: 'CHOR' },
      knowledge: { files: ['./docs/*.pdf', './timetable.md'] },
      tools: [{ kind: 'http', needsApproval: false }],
    });
  });

  it('an agent with a trained model is read without its shape of output', () => {
    expect(read(digits).skills).toMatchObject([
      { id: 'read-digit', inputModes: ['image/png'], outputModes: null },
    ]);
    const whole = `${digits.replace('image/png } }', 'image/png }, output: { digit: integer } }')}price: 0.001 CHOR\n`;
    expect(faults(whole)).toHaveLength(2); // and an output without its media type
    expect(unsupported(whole)).toEqual(['skills.0.output.digit']);
  });

  it('a team is refused: graphs and spending are not there yet', () => {
    expect(unsupported(team)).toEqual(['spend', 'graph']);
  });
});

describe('a fault in an agent file', () => {
  it('a mistyped key is named with its place and with what was meant', () => {
    const text = `${HEAD}model:\n  openai:\n    url: http://h/v1\n    nmae: m\n`;
    expect(faults(text)).toEqual(['6:5 "model.openai.nmae" there is no such key -> did you mean "name"?']);
  });

  it('every fault is listed, in the order of the file', () => {
    expect(
      faults(`name: ''\nchorus: agent/2\nmodel: {}\nlimits: { steps: 0, tokens: many, secnds: 3 }`),
    ).toEqual([
      expect.stringMatching(/^1:1 "name" must be/),
      expect.stringMatching(/^2:1 "chorus"/),
      expect.stringMatching(/^3:1 "model" must have exactly one of openai, onnx, gguf, network and agent/),
      expect.stringMatching(/^4:11 "limits.steps"/),
      expect.stringMatching(/^4:21 "limits.tokens" must be a number/),
      '4:35 "limits.secnds" there is no such key -> did you mean "seconds"?',
    ]);
  });

  it('an unquoted text that a comma has cut is recognised', () => {
    const text = `${CHAT}skills: [ { id: a, description: Image in, digit out } ]`;
    expect(faults(text)).toEqual([
      '4:43 "skills.0.digit out" there is no such key -> put a text that has a comma into quotes',
    ]);
  });

  it('two models are refused, and settings of another kind of model too', () => {
    expect(faults(`${HEAD}model: { network: { task: 1 }, onnx: { file: a } }`)[0]).toContain('exactly one');
    expect(faults(`${HEAD}model: { onnx: { file: a, bytes: true, classes: [a, b] } }`)[0]).toContain(
      'no meaning',
    );
    expect(faults(`${HEAD}model: { network: { task: 1, bytes: true, sampling: {} } }`)[0]).toContain(
      'a model over bytes has bytes',
    );
    expect(faults(`${HEAD}model: { gguf: { file: a, sampling: { temperature: -1 } } }`)[0]).toContain(
      'model.gguf.sampling.temperature',
    );
  });

  it.each(PLANNED.filter((key) => !key.includes('*')))(
    'the key %s is refused as not supported yet, and not ignored',
    (key) => {
      const [section, inner] = key.split('.');
      const text =
        section === 'model'
          ? CHAT.replace('model: {', `model: { ${inner}: 1,`)
          : `${CHAT}${inner ? `${section}: { ${inner}: 1 }` : `${section}: 1`}`;
      expect(faults(text).join()).toContain(`"${key}" is not supported yet by this version`);
    },
  );

  it('a shape of input is not supported yet, and a mistyped media type is still recognised', () => {
    const skill = (input: string) => `${CHAT}skills: [ { id: a, description: b, input: { ${input} } } ]`;
    expect(faults(skill('mediaType: image/png, digit: integer'))[0]).toContain(
      '"skills.0.input.digit" is not supported yet',
    );
    expect(faults(skill('mediaTyp: image/png'))[0]).toContain('did you mean "mediaType"?');
  });
});

describe('secrets', () => {
  const withKey = (key: string) => `${HEAD}model: { openai: { url: http://h/v1, name: m, key: "${key}" } }`;

  it('a key comes from the environment, and is kept out of all that is shown', () => {
    expect(read(withKey('${env:LLM_KEY}')).model).toMatchObject({ key: 'sk-abcdefgh12345678' });
    expect(withoutSecrets('said sk-abcdefgh12345678')).toBe('said [redacted]');
  });

  it('a key that stands in the file is refused, and is not repeated in the refusal', () => {
    const [fault] = faults(withKey('sk-literal-in-the-file'));
    expect(fault).toContain('must be ${env:NAME}');
    expect(fault).not.toContain('literal');
    expect(withoutSecrets('key sk-literal-in-the-file')).toBe('key [redacted]');
  });

  it('an address may come from the environment, and may hold no password of its own', () => {
    const withUrl = (url: string) => `${HEAD}model: { openai: { url: "${url}", name: m } }`;
    expect(read(withUrl('${env:LLM_URL}')).model).toMatchObject({ url: 'https://llm.example/v1' });
    expect(faults(withUrl('https://me:pass-word-1@h/v1'))[0]).toContain('has a user or password in it');
    expect(faults(withUrl('ftp://h/v1'))[0]).toContain('must begin with http:// or https://');
  });

  it('a variable that is not set is named, with its place', () => {
    expect(faults(withKey('${env:NO_SUCH}'))).toEqual([
      '3:47 "model.openai.key" the variable NO_SUCH of the environment is not set -> set it: export NO_SUCH=...',
    ]);
  });

  it('a reference to the environment is not replaced where others would read it', () => {
    keepSecret('nothing to do with it');
    expect(read(`${CHAT}description: "\${env:LLM_KEY}"`).description).toBe('${env:LLM_KEY}');
  });
});
