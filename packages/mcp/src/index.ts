/**
 * An agent as an MCP server with one tool, over two streams or streamable HTTP.
 *
 * @packageDocumentation
 */
export type { McpAgent } from './server/agent.ts';
export { agentMcpServer } from './server/agent-server.ts';
export { type McpEndpoint, mcpEndpoint } from './transport/http.ts';
export { type StdioOptions, serveMcpStreams } from './transport/stdio.ts';
