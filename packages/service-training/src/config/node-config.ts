import { type ConfigInputOf, defineConfig, parseConfig as parse } from '@chorus/node/config';
import type { NodeConfig } from './settings.ts';
import { TRAINING_SECTION } from './training-config.ts';

/** The configuration of a node whose only service is training. */
export const TRAINING_NODE = defineConfig([TRAINING_SECTION]);

/** The same as users write it: defaults may be omitted. */
export type NodeConfigInput = ConfigInputOf<[typeof TRAINING_SECTION]>;

/** See `parseConfig` of the host. */
export function parseConfig(value: unknown, source: string): NodeConfig {
  return parse(TRAINING_NODE, value, source);
}
