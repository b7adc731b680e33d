import type { AgentDefinition } from '../file/definition.ts';

/** A checked agent file for tests: a chat model, and nothing besides. */
export const chatDefinition = (limits: Partial<AgentDefinition['limits']> = {}): AgentDefinition => ({
  name: 'A',
  description: 'A',
  version: '1',
  instructions: 'Be kind.',
  model: { kind: 'openai', url: 'http://h', name: 'm', key: null, temperature: null },
  skills: null,
  tools: [],
  price: null,
  offers: [],
  share: null,
  knowledge: null,
  memory: null,
  completions: false,
  receipts: false,
  limits: { steps: 12, tokens: 20_000, seconds: 60, depth: 3, concurrent: 2, ...limits },
});
