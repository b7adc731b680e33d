/**
 * The contracts that tasks settle on, as compiled artifacts: running a node needs no compiler.
 *
 * @example
 * import { taskManager } from '@chorus/contracts';
 * import { Contract } from 'ethers';
 * const contract = new Contract(address, taskManager.abi, provider);
 *
 * @packageDocumentation
 */
export * from './artifacts.ts';
export * from './link.ts';
export * from './words.ts';
