import type { AgentDefinition } from '@chorus/agent';
import type { EngineFacts } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { answerText, definitionDocument, limitsLine, modelLine, spendingLine } from './view.ts';
import { warningsOf } from './warnings.ts';

const KEY = 'sk-a-secret-key';

const facts: EngineFacts = {
  kind: 'chat',
  model: 'small',
  inputModes: ['text/plain'],
  outputModes: ['text/plain'],
  conversation: true,
  callsTools: true,
  bytesPerToken: 4,
  details: {},
};

const definition = (change: Record<string, unknown> = {}): AgentDefinition =>
  ({
    name: 'guide',
    description: '',
    instructions: 'Answer.',
    model: { kind: 'openai', url: `https://models.example/v1?token=${KEY}`, key: KEY, model: 'small' },
    tools: [],
    skills: null,
    limits: { steps: 4, tokens: 8_000, seconds: 60, concurrent: 2 },
    ...change,
  }) as unknown as AgentDefinition;

const tools = {
  http: {
    kind: 'http',
    url: `https://tools.example/mcp?token=${KEY}`,
    key: KEY,
    allow: null,
    needsApproval: false,
  },
  command: {
    kind: 'command',
    command: 'files',
    args: [KEY],
    env: { API_KEY: KEY },
    allow: ['read'],
    needsApproval: true,
  },
};

describe('an agent file for a program', () => {
  it('holds no key, no value of a variable and no address that may hold one', () => {
    const document = definitionDocument(definition({ tools: [tools.http, tools.command] }));
    expect(JSON.stringify(document)).not.toContain(KEY);
    expect(document).toMatchObject({
      model: { host: 'models.example', hasKey: true, model: 'small' },
      tools: [
        { kind: 'http', host: 'tools.example', hasKey: true },
        { kind: 'command', command: 'files', env: ['API_KEY'], allow: ['read'] },
      ],
    });
  });

  it('has a model on this machine as the file has it', () => {
    const model = { kind: 'classifier', file: './a.onnx', classes: ['a'] };
    expect(definitionDocument(definition({ model }))).toMatchObject({ model });
  });
});

describe('the text of a model', () => {
  it('keeps lines and tabs, and shows everything else that controls a terminal as a mark', () => {
    expect(answerText('a\tb\nc')).toBe('a\tb\nc');
    expect(answerText('\u001b[31mred\u001b[0m \u202egnp')).toBe('\ufffd[31mred\ufffd[0m \ufffdgnp');
  });
});

describe('what a request may use', () => {
  it('is counted in tokens, in bytes of a model of bytes, and not at all without either', () => {
    const of = (bytesPerToken: number | null) => limitsLine(definition(), { ...facts, bytesPerToken });
    expect(of(4)).toBe('4 calls of the model, 8,000 tokens, 60 s; 2 requests at once');
    expect(of(1)).toContain('8,000 bytes');
    expect(of(null)).toBe('4 calls of the model, 60 s; 2 requests at once');
  });

  it('is no money, unless the agent asks another one and may pay it', () => {
    expect(spendingLine(definition())).toBe('it can spend no tokens of any chain');
    expect(spendingLine(definition({ model: { kind: 'agent', agent: 7n, pay: null } }))).toContain(
      'no tokens',
    );
    const pay = { digits: 5n, decimals: 2, token: 'CHOR' };
    expect(spendingLine(definition({ model: { kind: 'agent', agent: 7n, pay } }))).toContain(
      'up to 0.05 CHOR',
    );
  });

  it('a model is named with what is known of it', () => {
    expect(modelLine({ ...facts, kind: 'classifier', details: { classes: 3 } })).toBe(
      'small (classifier, classes 3)',
    );
  });
});

describe('a warning', () => {
  const warnings = (change: Record<string, unknown>, of: Partial<EngineFacts> = {}) =>
    warningsOf(definition(change), { ...facts, ...of });

  it('is given for a key that is sent in the clear, except to this machine', () => {
    const model = (url: string, key: string | null = KEY) => ({ model: { kind: 'openai', url, key } });
    expect(warnings(model('http://models.example/v1'))).toEqual([expect.stringContaining('models.example')]);
    for (const url of [
      'http://localhost:1/v1',
      'http://127.0.0.1/v1',
      'http://[::1]/v1',
      'https://models.example',
    ]) {
      expect(warnings(model(url)), url).toEqual([]);
    }
    expect(warnings(model('http://localhost.evil.example/'))).toHaveLength(1);
    expect(warnings(model('http://models.example/v1', null))).toEqual([]);
  });

  it('is given for a classifier without names, and one with instructions that it cannot read', () => {
    const model = { kind: 'classifier', file: 'a.onnx', classes: null };
    expect(warnings({ model, instructions: ' ' }, { conversation: false })).toEqual([
      expect.stringContaining('model.onnx.classes'),
    ]);
    expect(warnings({ model, instructions: 'Be kind.' }, { conversation: false })).toHaveLength(2);
  });

  it('is given for tools that a node will not call, and for a skill that reads what the model does not', () => {
    expect(warnings({ tools: [tools.command] })).toEqual([expect.stringContaining('a node refuses')]);
    const skills = [{ id: 'look', inputModes: ['text/plain', 'image/png'] }];
    expect(warnings({ skills })).toEqual([expect.stringContaining('skill look promises to read image/png')]);
  });
});
