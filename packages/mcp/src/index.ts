/**
 * MCP: an agent as a server with one tool, and the client of servers whose tools an agent calls.
 *
 * @packageDocumentation
 */
export type { McpAgent } from './server/agent.ts';
export { agentMcpServer } from './server/agent-server.ts';
export { type McpEndpoint, mcpEndpoint } from './transport/http.ts';
export { type StdioOptions, serveMcpStreams } from './transport/stdio.ts';
