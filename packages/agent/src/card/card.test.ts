import { expect, it } from 'vitest';
import { readAgentFile } from '../file/read.ts';
import { cardFields } from './card.ts';

const read = (more = '') =>
  readAgentFile(
    `chorus: agent/1\nname: Guide\ndescription: Answers.\nversion: 2.1.0\ninstructions: The password is swordfish.\nmodel: { openai: { url: http://10.0.0.7/v1, name: secret-model } }\n${more}`,
    { source: 'a.yaml', environment: () => undefined, readText: () => '' },
  );
const chat = { kind: 'chat', inputModes: ['text/plain'], outputModes: ['text/plain'] } as const;

it('a card has the fields of an A2A AgentCard that the file determines', () => {
  expect(cardFields(read(), chat)).toEqual({
    name: 'Guide',
    description: 'Answers.',
    version: '2.1.0',
    capabilities: { streaming: true, pushNotifications: false },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [{ id: 'chat', name: 'chat', description: 'Answers.', tags: ['chat'] }],
  });
});

it('skills of the file are listed with their media types and examples', () => {
  const more =
    'skills: [ { id: look, description: Looks., tags: [a], examples: [Look!], input: { mediaType: [image/png, image/jpeg] }, output: { mediaType: application/json } } ]';
  expect(cardFields(read(more), chat).skills).toEqual([
    {
      id: 'look',
      name: 'look',
      description: 'Looks.',
      tags: ['a'],
      examples: ['Look!'],
      inputModes: ['image/png', 'image/jpeg'],
      outputModes: ['application/json'],
    },
  ]);
});

it('a card tells nothing of the instructions, the endpoint or the model', () => {
  const text = JSON.stringify(cardFields(read(), chat));
  for (const secret of ['swordfish', '10.0.0.7', 'secret-model']) expect(text).not.toContain(secret);
});
