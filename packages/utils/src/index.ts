/**
 * Small helpers for Node that know nothing of Chorus.
 *
 * @packageDocumentation
 */
export { atomicWrite } from './atomic-write.ts';
export { BoundedMap, BoundedSet } from './bounded-map.ts';
export { inheritedEnvironment, killOnExit } from './child-process.ts';
export { isAlive } from './is-alive.ts';
export { makeFolder, makeFolderSync } from './make-folder.ts';
export { pause } from './pause.ts';
export { TokenBucket } from './token-bucket.ts';
export { Wakeable } from './wakeable.ts';
