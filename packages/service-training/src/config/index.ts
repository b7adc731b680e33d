/**
 * Training's part of a node's configuration, for programs that read it without running a node.
 *
 * @packageDocumentation
 */
export { ATTACKS, type Attack, attackSchema, describeAttack, namesOf } from './attack-config.ts';
export { type NodeConfigInput, parseConfig, TRAINING_NODE } from './node-config.ts';
export { OWN_NETWORK, OWN_NETWORK_VALUES } from './own-network.ts';
export { limitsSchema, type NodeConfig } from './settings.ts';
export { TRAINING_SECTION } from './training-config.ts';
