/**
 * Agents' part of a node's configuration, for programs that read it without running a node.
 *
 * @packageDocumentation
 */
export { AGENTS_SECTION, type AgentsConfig, type AgentsNodeConfig } from './agents-config.ts';
