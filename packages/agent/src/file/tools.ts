import { requireChatModel } from './chat-model.ts';
import type { ToolServer } from './definition.ts';
import type { Fault } from './fault.ts';
import { AgentFileError } from './file-error.ts';
import type { AgentFile, ToolServerEntry } from './schema.ts';
import { type Environment, fillIn, resolveEndpoint } from './secrets.ts';
import type { YamlValue } from './yaml.ts';

interface Options {
  /** The name of the agent file, for messages. */
  source: string;
  environment: Environment;
}

/**
 * The servers of tools that an agent file names, with their secrets.
 * @throws AgentFileError `E_AGENT_FILE` if the model cannot call tools, `E_AGENT_SECRET` if a variable is not set
 */
export function toolsOf(file: AgentFile, yaml: YamlValue, options: Options): ToolServer[] {
  const { tools = [] } = file;
  const { source } = options;
  if (tools.length > 0) requireChatModel('tools', file, yaml, source);
  return tools.map((entry, index) => {
    const server = resolve(entry, options);
    if (!('fault' in server)) return server;
    const path = ['tools', index, 'mcp', ...server.fault.path.split('.')];
    const fault = { ...server.fault, path: path.join('.'), ...yaml.placeOf(path) };
    throw new AgentFileError(source, [fault], 'E_AGENT_SECRET');
  });
}

function resolve(
  { mcp, allow, approve }: ToolServerEntry,
  { environment }: Options,
): ToolServer | { fault: Pick<Fault, 'path' | 'message' | 'hint'> } {
  const common = { allow: allow ?? null, needsApproval: approve === 'always' };
  if (mcp.url !== undefined) {
    const resolved = resolveEndpoint({ url: mcp.url, key: mcp.key }, environment);
    if (!('endpoint' in resolved)) return { fault: resolved };
    const { url, key = null } = resolved.endpoint;
    return { ...common, kind: 'http', url, key };
  }
  const env: Record<string, string> = {};
  for (const [name, text] of Object.entries(mcp.env ?? {})) {
    const filled = fillIn(text, environment, true);
    if ('message' in filled) return { fault: { path: `env.${name}`, ...filled } };
    env[name] = filled.value;
  }
  return { ...common, kind: 'command', command: mcp.command!, args: mcp.args ?? [], env };
}
