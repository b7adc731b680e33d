import { AutodiffError } from '@chorus/autodiff';
import { ChorusError } from '@chorus/protocol';

/** Why a foreign model is refused, or a file cannot be read. */
export function faultOf(cause: unknown): unknown {
  if (!(cause instanceof AutodiffError)) return cause;
  const { code, hint, facts } = cause;
  const rest = { facts: { ...facts, reason: code }, hint, cause };
  switch (code) {
    case 'FORBIDDEN_OPERATOR':
      return new ChorusError(
        'E_MODEL_FORBIDDEN',
        'the model has an operator that is not run for others',
        rest,
      );
    case 'UNBOUNDED_TENSOR':
      return new ChorusError(
        'E_MODEL_UNBOUNDED',
        'the model has a tensor whose size cannot be bounded',
        rest,
      );
    case 'CORRUPT_MODEL':
    case 'INVALID_GRAPH':
      return new ChorusError('E_MODEL_CORRUPT', 'the model file is damaged or no ONNX model', rest);
    default:
      return new ChorusError(
        'E_MODEL_UNSUPPORTED',
        `the model cannot be read: ${cause.message.slice(0, 300)}`,
        rest,
      );
  }
}

/** A model that is correct, and cannot be run here. */
export function unsupported(
  message: string,
  facts: Record<string, string | number>,
  hint: string,
  cause?: unknown,
): ChorusError {
  return new ChorusError('E_MODEL_UNSUPPORTED', message, { facts, hint, cause });
}
