/**
 * The configuration of a node, for programs that read or change it without running one: it loads neither libp2p nor the
 * node.
 *
 * @packageDocumentation
 */

export { bytesSchema } from '../utils/quantities.ts';
export { parseConfig } from './config.ts';
export { type ConfigDefinition, type ConfigInputOf, type ConfigOf, defineConfig } from './definition.ts';
export { editConfig } from './edit.ts';
export type { ConfigField } from './fields.ts';
export { CONFIG_FILE } from './file.ts';
export type { HostConfig } from './host-config.ts';
export { hostLimitsSchema, tokensSchema } from './limits-config.ts';
export { type ConfigSource, findField, type LoadedConfig, type LoadOptions, loadConfig } from './load.ts';
export type { ConfigSection } from './section.ts';
export { renderConfig } from './template.ts';
export { upgradeFile } from './upgrade.ts';
