import { withoutSecrets } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { AgentFileError, sentenceOf } from './file-error.ts';
import { readAgentFile } from './read.ts';

const environment = (name: string) =>
  ({
    TIDES_KEY: 'tk-abcdefgh12345678',
    DB_PASSWORD: 'a long password',
    TIDES_URL: 'https://t.example/mcp/s3cretpath',
  })[name];
const HEAD = 'chorus: agent/1\nname: A\n';
const CHAT = `${HEAD}model: { openai: { url: http://127.0.0.1:11434/v1, name: qwen3 } }\n`;
const read = (text: string) =>
  readAgentFile(text, { source: 'a.yaml', environment, readText: () => '' }).tools;

function faults(text: string): { code: string; words: string[] } {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof AgentFileError)) throw error;
    return { code: error.code, words: error.faults.map(sentenceOf) };
  }
  return { code: 'none', words: [] };
}

describe('tools in an agent file', () => {
  it('servers over HTTP and as programs are read, with their secrets', () => {
    const tools = `tools:
  - mcp: { url: "\${env:TIDES_URL}", key: "\${env:TIDES_KEY}" }
    allow: [tide_at]
    approve: always
  - mcp:
      command: ./server.js
      args: [--fast, ""]
      env: { PASSWORD: "\${env:DB_PASSWORD}", MODE: read-only }
`;
    expect(read(CHAT + tools)).toEqual([
      {
        kind: 'http',
        url: 'https://t.example/mcp/s3cretpath',
        key: 'tk-abcdefgh12345678',
        allow: ['tide_at'],
        needsApproval: true,
      },
      {
        kind: 'command',
        command: './server.js',
        args: ['--fast', ''],
        env: { PASSWORD: 'a long password', MODE: 'read-only' },
        allow: null,
        needsApproval: false,
      },
    ]);
    for (const secret of ['tk-abcdefgh12345678', 'a long password', 's3cretpath']) {
      expect(withoutSecrets(`says ${secret}`)).toBe('says [redacted]');
    }
  });

  it.each([
    [
      '{ mcp: { url: https://t.example, command: npx } }',
      '"tools.0.mcp" must have exactly one of url and command',
    ],
    ['{ mcp: {} }', '"tools.0.mcp" must have exactly one of url and command'],
    [
      '{ mcp: { url: https://t.example, args: [a] } }',
      '"tools.0.mcp" has args or env, which belong to command',
    ],
    [
      '{ mcp: { command: a, key: "${env:TIDES_KEY}" } }',
      '"tools.0.mcp" has key, which belongs to url: use env',
    ],
    ['{ mcp: { url: https://t.example }, aprove: always }', '"tools.0.aprove" there is no such key'],
    ['{ mcp: { url: file:///etc/passwd } }', '"tools.0.mcp.url" must begin with http:// or https://'],
  ])('%s is refused', (entry, words) => {
    expect(faults(`${CHAT}tools: [ ${entry} ]\n`)).toEqual({ code: 'E_AGENT_FILE', words: [words] });
  });

  it('a name that no variable can have is refused', () => {
    const { code, words } = faults(`${CHAT}tools: [ { mcp: { command: a, env: { "A=B": c } } } ]\n`);
    expect(code).toBe('E_AGENT_FILE');
    expect(words[0]).toContain('tools.0.mcp.env');
  });

  it('a key in the file itself is refused, and not repeated', () => {
    const { code, words } = faults(
      `${CHAT}tools: [ { mcp: { url: https://t.example, key: sk-literal-key-1 } } ]\n`,
    );
    expect({ code, words }).toEqual({
      code: 'E_AGENT_FILE',
      words: ['"tools.0.mcp.key" must be ${env:NAME}: secrets do not stand in the file'],
    });
    expect(withoutSecrets('sk-literal-key-1')).toBe('[redacted]');
  });

  it.each([
    ['{ mcp: { url: https://t.example, key: "${env:GONE}" } }', 'tools.0.mcp.key'],
    ['{ mcp: { command: a, env: { K: "${env:GONE}" } } }', 'tools.0.mcp.env.K'],
  ])('a variable that is not set is named: %s', (entry, path) => {
    expect(faults(`${CHAT}tools: [ ${entry} ]\n`)).toEqual({
      code: 'E_AGENT_SECRET',
      words: [`"${path}" the variable GONE of the environment is not set`],
    });
  });

  it('a model that cannot call tools has none', () => {
    const { code, words } = faults(
      `${HEAD}model: { onnx: { file: m.onnx } }\ntools: [ { mcp: { command: a } } ]\n`,
    );
    expect(code).toBe('E_AGENT_FILE');
    expect(words).toEqual([
      '"tools" need a model that can call them: a chat model (model.openai, or model.gguf)',
    ]);
  });

  it('a language model on this machine may have tools, documents and notes', () => {
    const more = 'tools: [ { mcp: { command: a } } ]\nknowledge: [ docs ]\nmemory: { notes: on }\n';
    expect(faults(`${HEAD}model: { gguf: { file: m.gguf } }\n${more}`).words).toEqual([]);
    const elsewhere = `${HEAD}model: { gguf: { file: m.gguf } }\nknowledge: { files: [docs], embed: { model: e } }\n`;
    expect(faults(elsewhere).words).toEqual([
      '"knowledge.embed.model" is at the endpoint of model.openai, which this agent does not have',
    ]);
  });
});
