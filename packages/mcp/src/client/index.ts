/**
 * Servers of tools, for an agent that calls them. Apart from the server, which needs another half of the SDK.
 *
 * @packageDocumentation
 */
export type { McpServerAddress } from './server.ts';
export { drifted, type ListedTool, type ToolServer, toolServer } from './tool-server.ts';
