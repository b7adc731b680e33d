import { ChorusError, cidFromDigest, decodeTerms, MAX_TERMS_BYTES, type Terms } from '@chorus/protocol';
import { getModel } from '../inspect/model-get.ts';
import { withNetwork } from '../inspect/open.ts';
import type { InspectOptions } from '../inspect/options.ts';

/** Time limit for finding a file of a task, ms. */
const FETCH_MILLISECONDS = 60_000;

/** The trained model of a task, and what its terms say of its data. */
export interface TaskModel {
  /** ONNX. */
  bytes: Uint8Array;
  taskName: string;
  inputShape: readonly number[];
  classes: number;
  /** Null if the terms name none: the labels are the numbers. */
  classNames: readonly string[] | null;
  /** The round after which this was the task's model. */
  afterRound: number | null;
}

/**
 * The model of a task, checked against its whole history on chain.
 * @param cid a published model, used if no peer has the aggregates; null: that of a kept network
 * @throws ChorusError `E_MODEL_AGGREGATES` if it cannot be computed, `E_MODEL_UNKNOWN` if a check fails
 */
export function taskModel(taskId: bigint, cid: string | null, options: InspectOptions): Promise<TaskModel> {
  return withNetwork(options, async (network) => {
    const { storage, signal } = network;
    const task = await network.chain.task(taskId);
    const terms = await storage.get(cidFromDigest(task.termsDigest, 0), {
      maxBytes: MAX_TERMS_BYTES,
      timeoutMs: FETCH_MILLISECONDS,
      signal,
    });
    const { bytes, report } = await getModel(network, task, {
      format: 'onnx',
      cid: cid ?? network.profile?.modelCid ?? null,
      timeoutMs: FETCH_MILLISECONDS,
    });
    const failed = report.checks.find(({ ok }) => !ok);
    if (failed) {
      throw new ChorusError('E_MODEL_UNKNOWN', "this is not the task's model", {
        facts: { task: taskId, check: failed.check, detail: failed.detail },
        hint: `see: chorus model verify, with --task ${taskId}`,
      });
    }
    return { bytes, afterRound: report.afterRound, ...meaningOf(decodeTerms(terms)) };
  });
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
