/** Facts of an error: what was found, in values a program can compare and a log can print. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | readonly (string | number)[]>>;

/** Codes an {@link AutodiffError} carries; stable across releases. */
export type AutodiffErrorCode =
  | 'UNSUPPORTED_OPERATOR'
  | 'UNSUPPORTED_ATTRIBUTE'
  | 'NON_FLOAT_TRAINABLE'
  | 'MISSING_OUTPUT'
  | 'INVALID_GRAPH'
  | 'CORRUPT_MODEL'
  | 'OPSET'
  | 'MODEL_FUNCTIONS'
  | 'EXTERNAL_DATA'
  | 'INVALID_OPTION'
  | 'UNKNOWN_SHAPE'
  | 'FORBIDDEN_OPERATOR'
  | 'UNBOUNDED_TENSOR';

/**
 * Base of everything this package throws on purpose.
 *
 * `code` tells the kind, `facts` the particulars (node, operator, sizes), `hint` what to do about it; the message does
 * not repeat the hint.
 */
export class AutodiffError extends Error {
  override readonly name: string = 'AutodiffError';
  readonly code: AutodiffErrorCode;
  readonly facts: ErrorFacts;
  readonly hint: string;

  constructor(
    code: AutodiffErrorCode,
    message: string,
    facts: ErrorFacts,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.facts = facts;
    this.hint = hint;
  }
}

/** A node on the path from the trainable values to the loss has an operator without a gradient rule. */
export class UnsupportedOperatorError extends AutodiffError {
  override readonly name = 'UnsupportedOperatorError';
  constructor(node: string, operator: string, nearest: readonly string[], why = 'has no gradient rule') {
    super(
      'UNSUPPORTED_OPERATOR',
      `operator ${operator} of node "${node}" ${why}`,
      { node, operator, nearest },
      nearest.length > 0
        ? `nearest supported: ${nearest.join(', ')}; or freeze everything before the node`
        : 'export the model without it, or freeze everything before the node',
    );
  }
}

/** An operator is known, but not with this attribute, input or combination. */
export class UnsupportedAttributeError extends AutodiffError {
  override readonly name = 'UnsupportedAttributeError';
  constructor(node: string, operator: string, attribute: string, why: string, hint: string) {
    super(
      'UNSUPPORTED_ATTRIBUTE',
      `${operator} of node "${node}": ${attribute} ${why}`,
      { node, operator, attribute },
      hint,
    );
  }
}

/** A value named as trainable is not a float32 or float64 initialiser. */
export class NonFloatTrainableError extends AutodiffError {
  override readonly name = 'NonFloatTrainableError';
  constructor(initializer: string, dtype: string) {
    super(
      'NON_FLOAT_TRAINABLE',
      `initialiser "${initializer}" is ${dtype}, which no optimiser step can change`,
      { initializer, dtype },
      'train float32 or float64 initialisers only; convert a float16 or quantised model to float32 first',
    );
  }
}

/** The loss names an output the model does not have, or the model has no output that could serve. */
export class MissingOutputError extends AutodiffError {
  override readonly name = 'MissingOutputError';
  constructor(output: string, outputs: readonly string[], why = 'is not an output of the model') {
    super(
      'MISSING_OUTPUT',
      `"${output}" ${why}`,
      { output, outputs },
      `outputs of the model: ${outputs.join(', ') || 'none'}`,
    );
  }
}

/** The model decodes but is no valid graph: cycle, duplicate or undefined names, absurd dimensions. */
export class InvalidGraphError extends AutodiffError {
  override readonly name = 'InvalidGraphError';
  constructor(
    message: string,
    facts: ErrorFacts,
    hint = 'check the file with onnx.checker and export it again',
  ) {
    super('INVALID_GRAPH', message, facts, hint);
  }
}

/** The bytes are no ONNX protobuf: truncated, overlong, wrong wire types, or beyond a limit. */
export class CorruptModelError extends AutodiffError {
  override readonly name = 'CorruptModelError';
  constructor(message: string, facts: ErrorFacts = {}, options?: ErrorOptions) {
    super(
      'CORRUPT_MODEL',
      message,
      facts,
      'the file is damaged or not an ONNX model; fetch it again',
      options,
    );
  }
}

/** The model's operator set is outside the supported range, or comes from a foreign domain. */
export class OpsetError extends AutodiffError {
  override readonly name = 'OpsetError';
  constructor(message: string, facts: ErrorFacts, hint: string) {
    super('OPSET', message, facts, hint);
  }
}

/** Tensor data outside the model file: not provided, wrong size, or a location outside the model's folder. */
export class ExternalDataError extends AutodiffError {
  override readonly name = 'ExternalDataError';
  constructor(message: string, facts: ErrorFacts, hint: string, options?: ErrorOptions) {
    super('EXTERNAL_DATA', message, facts, hint, options);
  }
}

/** An option of `differentiate`, `withParameters` or LoRA does not fit the model. */
export class InvalidOptionError extends AutodiffError {
  override readonly name = 'InvalidOptionError';
  constructor(message: string, facts: ErrorFacts, hint: string) {
    super('INVALID_OPTION', message, facts, hint);
  }
}

/** The file defines operators of its own as functions of others, which have no gradient rules. */
export class ModelFunctionsError extends AutodiffError {
  override readonly name = 'ModelFunctionsError';
  constructor(functions: number) {
    super(
      'MODEL_FUNCTIONS',
      `the model defines ${functions} ${functions === 1 ? 'function' : 'functions'} of its own`,
      { functions },
      'inline them first: onnx.inliner.inline_local_functions(model)',
    );
  }
}

/** A rule needs a rank or dimension that neither the model nor inference tells. */
export class UnknownShapeError extends AutodiffError {
  override readonly name = 'UnknownShapeError';
  constructor(value: string, node: string, operator: string, needed: string) {
    super(
      'UNKNOWN_SHAPE',
      `${operator} of node "${node}" needs the ${needed} of "${value}", which cannot be inferred`,
      { value, node, operator, needed },
      'run onnx.shape_inference on the model, or declare the shape of its inputs',
    );
  }
}

/** An operator that a foreign model may not have: of another domain, not known here, or with a subgraph. */
export class ForbiddenOperatorError extends AutodiffError {
  override readonly name = 'ForbiddenOperatorError';
  constructor(node: string, operator: string, why: string) {
    super(
      'FORBIDDEN_OPERATOR',
      `operator ${operator} of node "${node}" ${why}`,
      { node, operator },
      'express it in operators that the README of this package lists',
    );
  }
}

/** Before running it cannot be said how much memory a tensor takes. */
export class UnboundedTensorError extends AutodiffError {
  override readonly name = 'UnboundedTensorError';
  constructor(value: string, why: string) {
    super(
      'UNBOUNDED_TENSOR',
      `tensor "${value}" is not bounded: ${why}`,
      { value },
      'let the sizes of all tensors follow from the batch and the shape of a sample',
    );
  }
}
