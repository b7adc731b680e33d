/**
 * For tests of what services contribute to the admin API: a host to mount their sub-apps on, its own areas, and sample
 * documents. Not part of what is built.
 *
 * @packageDocumentation
 */
export { adminConfigSchema } from '../../config/admin-config.ts';
export { logConfigSchema } from '../../config/log-config.ts';
export { EventRing } from '../../events/event-ring.ts';
export { LOG_FILE, type LogOptions, openLog } from '../../logging/log.ts';
export { openLogFile } from '../../logging/log-file.ts';
export { fileOutput } from '../../logging/output.ts';
export { Repeats } from '../../logging/repeats.ts';
export type { HostReadings } from '../../metrics/host-metrics.ts';
export { HostMetrics } from '../../metrics/host-metrics.ts';
export { PrometheusMeter } from '../../metrics/meter.ts';
export { meteredChain } from '../../metrics/metered-chain.ts';
export { folderBytes } from '../../status/disk-watch.ts';
export { closeStore, openStore } from '../../store/database.ts';
export { MIGRATIONS } from '../../store/schema.ts';
export { eventsApp } from '../host-areas/events.ts';
export { governanceApp } from '../host-areas/governance.ts';
export { healthApp } from '../host-areas/health.ts';
export { type NetworkSource, networkApp } from '../host-areas/network.ts';
export { nodeApp } from '../host-areas/node.ts';
export { startAdmin } from '../server.ts';
export { hostOf, JSON_TYPE, problemIn, TOKEN } from './ask.ts';
export * from './documents.ts';
export { only } from './only.ts';
