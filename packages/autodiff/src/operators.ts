import { MAX_OPSET, MIN_OPSET } from './onnx/upgrade.ts';
import { FAMILIES, NO_GRADIENT } from './rules/index.ts';

/** One line of the operator table. */
export interface SupportedOperator {
  readonly operator: string;
  /** Family of the rule, or `no gradient` for operators that end the gradient's path. */
  readonly family: string;
  /** Restrictions; empty when every attribute is covered. */
  readonly notes: string;
}

/** Where a rule covers less than the operator's specification. */
const NOTES = new Map<string, string>([
  ['AveragePool', 'ceil_mode needs known spatial sizes'],
  ['BatchNormalization', 'training: batch statistics, running ones updated; or stored ones by option'],
  ['Conv', 'weight of known spatial size; auto_pad SAME with strides needs known spatial sizes'],
  ['ConvTranspose', 'explicit pads; no output_shape'],
  ['DepthToSpace', 'known number of channels'],
  ['Dropout', 'training: masks depend on seed, node and step alone'],
  ['Einsum', 'named output, no ellipsis, no diagonals'],
  ['GRU', 'default activations, layout 0, no sequence_lens'],
  ['LSTM', 'default activations, layout 0, no sequence_lens, peepholes or clip'],
  ['LpNormalization', 'p = 2'],
  ['MaxPool', 'storage_order 0'],
  ['Mod', 'fmod 1, gradient of the dividend'],
  ['RNN', 'tanh, layout 0, no sequence_lens'],
  ['ReduceProd', 'no exact zeros among the elements'],
  ['Resize', 'all modes but tf_crop_and_resize; aspect ratio policy stretch; axes 2 and up'],
  ['ScatterElements', 'reduction none or add'],
  ['ScatterND', 'reduction none or add'],
]);

/**
 * Every operator that a gradient can pass (or end at without an error), for operator sets
 * {@link MIN_OPSET} to {@link MAX_OPSET}. The README's table is generated from this.
 */
export function supportedOperators(): SupportedOperator[] {
  const differentiable = FAMILIES.flatMap(({ family, rules }) =>
    Object.keys(rules)
      .sort()
      .map((operator) => ({ operator, family, notes: NOTES.get(operator) ?? '' })),
  );
  const ends = [...NO_GRADIENT].sort().map((operator) => ({ operator, family: 'no gradient', notes: '' }));
  return [...differentiable, ...ends];
}

/**
 * The operator table as Markdown: one line per family, restrictions below. Lists and not a table, because
 * formatters pad the cells of tables and the README must equal this text.
 */
export function operatorTable(): string {
  const families = Map.groupBy(supportedOperators(), ({ family }) => family);
  const rows = [...families].map(
    ([family, operators]) => `- **${family}**: ${operators.map(({ operator }) => operator).join(', ')}`,
  );
  const notes = supportedOperators()
    .filter(({ notes: text }) => text !== '')
    .sort((a, b) => (a.operator < b.operator ? -1 : 1))
    .map(({ operator, notes: text }) => `- ${operator}: ${text}`);
  return `Operator sets ${MIN_OPSET} to ${MAX_OPSET}.\n\n${rows.join('\n')}\n\nRestrictions:\n\n${notes.join('\n')}\n`;
}
