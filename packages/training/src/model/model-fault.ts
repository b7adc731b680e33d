import type { AutodiffError } from '@chorus/autodiff';
import { ChorusError, type ErrorCode, type Facts } from '@chorus/protocol';

/** Longest quoted reason: it may name tensors of the model. */
export const MAX_REASON = 300;

/** Faults of the bytes themselves, not of their content. */
const DAMAGED: readonly string[] = ['CORRUPT_MODEL', 'INVALID_GRAPH'];

/** Why a foreign model is refused although it could be opened. */
const REFUSALS = new Map<string, [code: ErrorCode, message: string]>([
  ['FORBIDDEN_OPERATOR', ['E_MODEL_FORBIDDEN', 'the model has an operator that is not run for others']],
  ['UNBOUNDED_TENSOR', ['E_MODEL_UNBOUNDED', 'the model has a tensor whose size cannot be bounded']],
]);

/**
 * The fault of a model, as a node shows it to its user; it states the reason once.
 * @param ifDamaged the hint if the bytes themselves are at fault; by default the cause's own
 */
export function modelFault(cause: AutodiffError, facts: Facts = {}, ifDamaged?: string): ChorusError {
  const { code } = cause;
  const hint = ifDamaged !== undefined && DAMAGED.includes(code) ? ifDamaged : cause.hint;
  const rest = { facts: { ...facts, reason: code }, hint };
  const refused = REFUSALS.get(code);
  if (refused) return new ChorusError(...refused, { ...rest, cause });
  return DAMAGED.includes(code)
    ? new ChorusError('E_MODEL_CORRUPT', 'the model file is damaged or no ONNX model', { ...rest, cause })
    : new ChorusError(
        'E_MODEL_UNSUPPORTED',
        `the model cannot be trained: ${cause.message.slice(0, MAX_REASON)}`,
        rest,
      );
}
