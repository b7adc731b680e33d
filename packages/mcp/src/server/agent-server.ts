import { randomUUID } from 'node:crypto';
import { ChorusError, withoutSecrets } from '@chorus/protocol';
import { type CallToolResult, McpServer, type ServerContext } from '@modelcontextprotocol/server';
import type { McpAgent } from './agent.ts';
import { Answer, failure } from './answer.ts';
import { type AskInput, askSchema, messageOf } from './input.ts';

/**
 * An MCP server with one tool, `ask`, behind which is an agent. It serves one connection, or one request over HTTP, and
 * keeps nothing: each call is a conversation of its own.
 *
 * @param caller who calls: `peer:<peer id>` if the transport has proven it
 */
export function agentMcpServer(agent: McpAgent, caller = 'anonymous'): McpServer {
  const { name, title, description, version, facts } = agent;
  // The tool never changes: a client need not wait for news of it.
  const server = new McpServer({ name, title, version }, { capabilities: { tools: { listChanged: false } } });
  server.registerTool('ask', { title, description, inputSchema: askSchema(facts) }, (input, context) =>
    ask(agent, caller, input, context),
  );
  return server;
}

/** One call. Failures are results: what the SDK is thrown, it would show to the client as it is. */
async function ask(
  agent: McpAgent,
  caller: string,
  input: AskInput,
  { mcpReq }: ServerContext,
): Promise<CallToolResult> {
  const request = {
    taskId: randomUUID(),
    contextId: randomUUID(),
    message: messageOf(input),
    history: [],
    caller,
  };
  const progressToken = mcpReq._meta?.progressToken;
  const answer = new Answer();
  try {
    await agent.executor.admit?.(false);
    for await (const event of agent.executor.execute(request, mcpReq.signal)) {
      answer.add(event);
      if (event.type !== 'text' || event.text === '' || progressToken === undefined) continue;
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress: answer.length, message: event.text },
      });
    }
    return answer.result();
  } catch (error) {
    if (error instanceof ChorusError) return failure(withoutSecrets(wordsOf(error)));
    if (!mcpReq.signal.aborted) agent.onError?.(error);
    return failure('the agent failed');
  }
}

function wordsOf({ message, hint, code }: ChorusError): string {
  return `${message} (${code})${hint === undefined ? '' : `\n${hint}`}`;
}
