import type { HostLimits } from './process/model-host.ts';

/** Settings of a model on this machine that have nothing to do with its task. */
export interface LocalModelOptions {
  /** The ONNX file. */
  model: Uint8Array;
  /** Its name, for a card and for messages. */
  name: string;
  /** A stranger's model: its operators and the size of its tensors are checked before the runtime sees it. */
  foreign?: boolean;
  /** Threads of one operator. */
  threads?: number;
  limits?: Partial<HostLimits>;
  signal?: AbortSignal;
}

/** Enough for a model of a gigabyte; an agent's model shares the machine with others. */
const DEFAULT_LIMITS: HostLimits = { memoryBytes: 4 * 2 ** 30, callSeconds: 60 };

/** Limits with every default filled in. */
export const filledLimits = (limits: Partial<HostLimits> = {}): HostLimits => ({
  ...DEFAULT_LIMITS,
  ...limits,
});

/** The same settings with every default filled in. */
export function withDefaults({ model, foreign = false, threads = 1, limits }: LocalModelOptions): {
  setup: { model: Uint8Array; foreign: boolean; threads: number; tensorBytes: number };
  limits: HostLimits;
} {
  const filled = filledLimits(limits);
  return { setup: { model, foreign, threads, tensorBytes: filled.memoryBytes }, limits: filled };
}
