import type { ModelSource } from '@chorus/service-agents/open';
import type { InspectOptions } from '../inspect/options.ts';

/** Models of the network that the options name; it is opened only for an agent that needs one. */
export const modelSource = (options: InspectOptions, signal: AbortSignal): ModelSource => ({
  inspect: async (work) => (await import('../inspect/open.ts')).withNetwork(options, work),
  hiring: null,
  signal,
});
