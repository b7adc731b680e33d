import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { agentFileJsonSchema } from './json-schema.ts';

const PUBLISHED = new URL('../../../../docs/reference/agent.schema.json', import.meta.url);

// After a change of the schema: print what this function returns into the file.
it('the published JSON Schema is that of this version', async () => {
  expect(JSON.parse(await readFile(PUBLISHED, 'utf8'))).toEqual(agentFileJsonSchema());
});

it('the JSON Schema says what every key means, and knows no others', () => {
  type Node = { properties?: Record<string, Node>; description?: string; additionalProperties?: unknown };
  const missing: string[] = [];
  const visit = (path: string, { properties = {}, additionalProperties }: Node) => {
    if (Object.keys(properties).length > 0)
      expect({ path, additionalProperties }).toEqual({ path, additionalProperties: false });
    for (const [key, inner] of Object.entries(properties)) {
      if (!inner.description) missing.push(`${path}.${key}`);
      visit(`${path}.${key}`, inner);
    }
  };
  visit('', agentFileJsonSchema() as Node);
  expect(missing).toEqual([]);
});
