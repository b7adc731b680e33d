import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type AgentDefinition, MAX_FILE_BYTES, readAgentFile } from '@chorus/agent';
import { ChorusError } from '@chorus/protocol';

/** Variables of the node's own, such as the password of its wallet: no agent file may send them to an endpoint. */
const OWN_VARIABLES = /^CHORUS_/i;

export interface LoadedAgent {
  definition: AgentDefinition;
  /** Absolute path of the agent file. */
  path: string;
  /** Its folder, from which the paths in it go. */
  folder: string;
}

/**
 * Reads and checks an agent file, with the environment of this process.
 * @throws ChorusError `E_AGENT_FILE`, `E_AGENT_SECRET`
 */
export function loadAgent(file: string): LoadedAgent {
  const path = resolve(file);
  const folder = dirname(path);
  const definition = readAgentFile(readText(path, MAX_FILE_BYTES), {
    source: basename(path),
    environment: variable,
    readText: (name, maxBytes) => readText(resolve(folder, name), maxBytes),
  });
  return { definition, path, folder };
}

function variable(name: string): string | undefined {
  if (!OWN_VARIABLES.test(name)) return process.env[name];
  throw new ChorusError('E_AGENT_SECRET', 'an agent file may not read a variable of the node itself', {
    facts: { variable: name },
    hint: 'keep the key of the endpoint in a variable whose name does not begin with CHORUS_',
  });
}

/** A text file; nothing of one that is larger than `maxBytes` is read. */
function readText(path: string, maxBytes: number): string {
  const refuse = (message: string, hint: string, cause?: unknown) =>
    new ChorusError('E_AGENT_FILE', message, { facts: { path }, hint, cause });
  let bytes: Uint8Array;
  try {
    const info = statSync(path);
    if (!info.isFile()) throw refuse('it is not a file', 'name the file itself');
    if (info.size > maxBytes) {
      throw refuse(
        `the file is too long: ${info.size} of at most ${maxBytes} bytes`,
        'name another file, or shorten it',
      );
    }
    bytes = readFileSync(path);
  } catch (cause) {
    if (cause instanceof ChorusError) throw cause;
    throw refuse('the file cannot be read', 'check its path and permissions', cause);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse('the file is not text in UTF-8', 'save it as UTF-8', cause);
  }
}
