/**
 * The composition root: a node, wired from the ports, that lives through the rounds of tasks.
 *
 * ```
 * announce -> train -> commit -> reference -> aggregate -> settle -> recompute
 * ```
 *
 * Each stage is a file of `stages/`; `TaskRunner` decides when each is due, from chain state alone.
 *
 * @packageDocumentation
 */
export { ChorusNode, type NodeDependencies } from './chorus-node.ts';
export {
  type Attack,
  attackSchema,
  type NodeConfig,
  type NodeConfigInput,
  nodeConfigSchema,
  parseConfig,
  readConfig,
} from './config.ts';
export type { EventSink, NodeEvent, Stage } from './events.ts';
export type { Ports } from './ports.ts';
export { createProving, type Proving } from './proving.ts';
export type { TaskRequest } from './stages/announce.ts';
export { startNode, WALLET_KEY_FILE } from './start.ts';
