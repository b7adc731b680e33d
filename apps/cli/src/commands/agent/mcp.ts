import type { AgentExecutor } from '@chorus/protocol';
import { loadAgent } from '@chorus/service-agents/open';
import { Command } from 'commander';
import { abortOnInterrupt } from '../../agent/interrupts.ts';
import { modelSource } from '../../agent/model-source.ts';
import { openAgent } from '../../agent/open-agent.ts';
import { givenPath } from '../../environment/environment.ts';
import { EXIT, errorText, finish } from '../../environment/exit.ts';
import { type InspectOptions, networkOptions } from '../../inspect/options.ts';
import { write } from '../../output/terminal.ts';

const HELP = `
Your client starts this command, and ends it. Its configuration, usually a file of JSON:
  {
    "mcpServers": {
      "harbour": { "command": "chorus", "args": ["agent", "mcp", "/home/me/harbour.yaml"] }
    }
  }

Example:
  $ chorus agent mcp harbour.yaml`;

/** `chorus agent mcp`: an agent as an MCP server for a client on this machine. */
export function mcpCommand(): Command {
  const command = new Command('mcp')
    .description('serve an agent to an MCP client over standard input and output')
    .argument('<file>', 'the agent file');
  return networkOptions(command).addHelpText('after', HELP).action(mcpAction);
}

async function mcpAction(file: string, flags: InspectOptions): Promise<void> {
  // No other command of agents needs it.
  const { serveMcpStreams } = await import('@chorus/mcp');
  const agent = loadAgent(givenPath(file, 'the agent file'));
  const abort = new AbortController();
  abortOnInterrupt(abort);
  let executor: AgentExecutor | undefined;
  try {
    const { facts, ...opened } = await openAgent(agent, modelSource(flags, abort.signal));
    executor = opened.executor;
    const { name, description, version } = agent.definition;
    await serveMcpStreams(
      {
        name,
        title: name,
        description,
        version,
        facts,
        executor,
        onError: (error) => write(process.stderr, `error ${errorText(error)}\n`),
      },
      { input: process.stdin, output: process.stdout, signal: abort.signal },
    );
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    await executor?.close();
  }
  // Clients end a server by closing its input or by SIGTERM: both are its ordinary end.
  await finish(EXIT.ok);
}
