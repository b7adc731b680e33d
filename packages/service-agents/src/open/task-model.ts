import type { Check, Inspection } from '@chorus/inspector';
import { ChorusError, cidFromDigest, decodeTerms, MAX_TERMS_BYTES, type Terms } from '@chorus/protocol';

/** Time limit for finding a file of a task, ms. */
const FETCH_MILLISECONDS = 60_000;

/** The trained model of a task, and what its terms say of its data. */
export interface TaskModel {
  /** An ONNX file; of a language model its adapter, a GGUF file. */
  bytes: Uint8Array;
  /** The language model that the adapter belongs to, a GGUF file; null for other models. */
  base: Uint8Array | null;
  taskName: string;
  inputShape: readonly number[];
  classes: number;
  /** Null if the terms name none: the labels are the numbers. */
  classNames: readonly string[] | null;
  /** The round after which this was the task's model. */
  afterRound: number | null;
  /** The settled rounds whose aggregates the model is made of. */
  rounds: readonly number[];
  /** The checks of the model against the chain; all of them hold. */
  checks: readonly Check[];
}

/** The network to take a model from, and what it may know besides. */
export type ModelInspection = Inspection & {
  /** The model that was published last. */
  readonly modelCid?: string | null;
  /** Called with what is being done. */
  readonly step?: (text: string) => void;
};

/**
 * The model of a task, checked against its whole history on chain.
 * @param cid a published model, used if no peer has the aggregates; null: none, or that of the opened network
 * @throws ChorusError `E_MODEL_AGGREGATES` if it cannot be computed, `E_MODEL_UNKNOWN` if a check fails
 */
export async function taskModel(
  inspection: ModelInspection,
  taskId: bigint,
  cid: string | null,
): Promise<TaskModel> {
  // Loaded with the first model of a task: it brings the chain, the commitments and the training.
  const { getModel, readInitialModel } = await import('@chorus/inspector');
  const { chain, storage, signal, modelCid = null, step } = inspection;
  step?.("reading the task's terms");
  const task = await chain.task(taskId);
  const terms = decodeTerms(
    await storage.get(cidFromDigest(task.termsDigest, 0), {
      maxBytes: MAX_TERMS_BYTES,
      timeoutMs: FETCH_MILLISECONDS,
      signal,
    }),
  );
  const { bytes, format, report } = await getModel(inspection, task, {
    format: 'trained',
    timeoutMs: FETCH_MILLISECONDS,
    cid: cid ?? modelCid,
    ...(step ? { onStep: step } : {}),
  });
  const failed = report.checks.find(({ ok }) => !ok);
  if (failed) {
    throw new ChorusError('E_MODEL_UNKNOWN', "this is not the task's model", {
      facts: { task: taskId, check: failed.check, detail: failed.detail },
      hint: `see: chorus model verify, with --task ${taskId}`,
    });
  }
  const { afterRound, checks, ingredients } = report;
  const rounds = ingredients.map(({ settled }) => settled.round);
  const base = format === 'gguf' ? await readInitialModel(inspection, terms) : null;
  return { bytes, base, afterRound, rounds, checks, ...meaningOf(terms) };
}

function meaningOf({ name, data }: Terms) {
  const { inputShape, classes, classNames = null } = data;
  return { taskName: name, inputShape, classes, classNames };
}

/**
 * Whether a task's data is text, as far as its terms show: windows of bytes and the next byte. Names of classes would say
 * that it is something else: those of bytes do not fit into terms.
 */
export function looksLikeText({ inputShape, classes, classNames }: TaskModel): boolean {
  return inputShape.length === 1 && classes === 256 && classNames === null;
}
