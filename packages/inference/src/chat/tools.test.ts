import type { EngineMessage, EngineRequest, ToolDescription } from '@chorus/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { type MockOpenAi, mockOpenAi, type Scenario } from '../testing/mock-openai.ts';
import { createChatEngine } from './chat-engine.ts';

let server: MockOpenAi;
beforeAll(async () => {
  server = await mockOpenAi();
});
afterAll(() => server.close());

const never = new AbortController().signal;
const TIDES: ToolDescription = {
  name: 'tide_at',
  description: 'Height of the tide',
  inputSchema: { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] },
};
const user = (text: string): EngineMessage => ({ role: 'user', text, files: [], data: [] });
const ask = (name: Scenario, messages: EngineMessage[], more: Partial<EngineRequest> = {}) =>
  collect(
    createChatEngine({ url: server.url, name }).run(
      { messages, tools: [TIDES], maxOutputTokens: 50, ...more },
      never,
    ),
  );

it('calls that arrive in pieces are whole, and several come in order', async () => {
  const events = await ask('calls-tools', [
    user('call tide_at {"day":"2026-11-28"}\ncall tide_at {"day":"\u00e4"}'),
  ]);
  expect(events).toEqual([
    { type: 'tool-call', call: { id: 'call-1-0', name: 'tide_at', input: { day: '2026-11-28' } } },
    { type: 'tool-call', call: { id: 'call-1-1', name: 'tide_at', input: { day: '\u00e4' } } },
    { type: 'finished', reason: 'stop', usage: { inputTokens: 7, outputTokens: 3 } },
  ]);
  expect(server.requests.at(-1)!.tools).toEqual([
    {
      type: 'function',
      function: { name: 'tide_at', description: TIDES.description, parameters: TIDES.inputSchema },
    },
  ]);
});

it('answered calls are sent as the endpoint expects them', async () => {
  const call = { id: 'call-1', name: 'tide_at', input: { day: 'today' }, output: '1.2 m' };
  const events = await ask('calls-tools', [
    user('when?'),
    { role: 'assistant', text: 'Let me see.', files: [], data: [], calls: [call] },
  ]);
  expect(events.map((event) => ('text' in event ? event.text : '')).join('')).toBe('tools: 1.2 m');
  expect(server.requests.at(-1)!.messages).toMatchObject([
    { role: 'user', content: 'when?' },
    {
      role: 'assistant',
      content: 'Let me see.',
      tool_calls: [
        { id: 'call-1', type: 'function', function: { name: 'tide_at', arguments: '{"day":"today"}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call-1', content: '1.2 m' },
  ]);
});

it('a call whose arguments are not JSON has no input', async () => {
  expect(await ask('calls-badly', [user('hi')])).toMatchObject([
    { type: 'tool-call', call: { name: 'tide_at', input: undefined } },
    { type: 'finished' },
  ]);
});

it('a call of a tool that was not offered is passed on, for the agent to refuse', async () => {
  expect(await ask('calls-tools', [user('call rm {"path":"/"}')])).toMatchObject([
    { type: 'tool-call', call: { name: 'rm' } },
    { type: 'finished' },
  ]);
});

it('an agent without tools sends none', async () => {
  await ask('echo', [user('hi')], { tools: [] });
  expect(server.requests.at(-1)).not.toHaveProperty('tools');
});
