import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<boolean>();

/**
 * Do work of which the requests to the chain wait for all others: answers for strangers must not keep a node from its duties.
 * If many of them wait, further ones are refused.
 */
export const inBackground = <T>(work: () => T): T => storage.run(true, work);

/** As {@link inBackground}, or not, whatever runs around it. */
export const withPriority = <T>(isBackground: boolean, work: () => T): T => storage.run(isBackground, work);

/** Whether this code runs in the background. */
export const isInBackground = (): boolean => storage.getStore() ?? false;
