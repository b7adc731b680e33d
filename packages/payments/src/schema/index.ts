/**
 * Tables in the node's store, for programs that open it before anything is paid.
 *
 * @packageDocumentation
 */
export { CHANNELS_SCHEMA } from './channels-schema.ts';
export { PURCHASES_SCHEMA } from './purchases-schema.ts';
export { SALES_SCHEMA } from './sales-schema.ts';
