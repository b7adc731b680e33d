import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyModel } from '@chorus/language-models';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type AgentsNode,
  startAgentsNode,
} from '../../../../../packages/service-agents/src/testing/agents-node.ts';
import { MemoryHub } from '../../../../../test/twins/network.ts';
import { runChorus } from '../../testing/run-chorus.ts';

let folder: string;
let node: AgentsNode;
let base: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-audit-'));
  await writeFile(join(folder, 'tiny.gguf'), tinyModel({ seed: 4 }));
  await writeFile(join(folder, 'other.gguf'), tinyModel({ seed: 5 }));
  const sampling = 'sampling: { temperature: 1, topP: 0.9, seed: 11 }';
  await writeFile(
    join(folder, 'writer.yaml'),
    `chorus: agent/1\nname: Writer\nmodel: { gguf: { file: tiny.gguf, ${sampling} } }\nlimits: { tokens: 300 }\n`,
  );
  node = await startAgentsNode(join(folder), new MemoryHub(), { gateway: { enabled: true } });
  base = (await node.services.agents.startAgent({ file: join(folder, 'writer.yaml') })).urls.http!;
});
afterAll(async () => {
  await node?.close();
  await rm(folder, { recursive: true, force: true });
});

const agent = (...args: string[]) =>
  runChorus(['agent', ...args], {
    cwd: folder,
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, 'data'), CHORUS_HOME: '' },
  });

it('an answer that was kept with its receipt is re-executed, and an altered one is found out', async () => {
  const called = await agent('call', base, 'when does the ferry leave', '--receipt', 'answer.json');
  expect(called.code).toBe(0);
  const honest = await agent('audit', 'answer.json', '--model', 'tiny.gguf');
  expect(honest).toMatchObject({ code: 0, stdout: expect.stringContaining('consistent with this model') });
  expect(honest.stdout).not.toContain('failed');

  const other = await agent('audit', 'answer.json', '--model', 'other.gguf', '--json');
  const document = JSON.parse(other.stdout);
  expect({ code: other.code, verdict: document.verdict }).toEqual({ code: 1, verdict: 'inconsistent' });

  const kept = JSON.parse(await readFile(join(folder, 'answer.json'), 'utf8'));
  await writeFile(join(folder, 'edited.json'), JSON.stringify({ ...kept, text: 'at noon' }));
  const edited = await agent('audit', 'edited.json', '--model', 'tiny.gguf');
  expect(edited.code).toBe(1);
  expect(edited.stdout).toMatch(/failed\s+text/);
  if (process.env.CHORUS_SHOW)
    console.log(called.stdout, called.stderr, honest.stdout, other.stdout, edited.stdout);
});

it('what is not an answer is bad data', async () => {
  await writeFile(join(folder, 'none.json'), '{"format":"chorus-answer/1"}');
  expect((await agent('audit', 'none.json', '--model', 'tiny.gguf')).code).toBe(65);
  expect((await agent('audit', 'missing.json', '--model', 'tiny.gguf')).code).toBe(65);
  expect((await agent('audit', 'none.json')).code).toBe(64);
});
