/**
 * Functions of the `chorus` command for programs: a whole network on this machine.
 *
 * @packageDocumentation
 */
export { type DemoProgress, runDemo } from './demo/demo.ts';
export { type DemoOptions, parseDemoOptions } from './demo/options.ts';
export type { NodeProcess } from './demo/processes.ts';
export type { DemoReport } from './demo/report.ts';
