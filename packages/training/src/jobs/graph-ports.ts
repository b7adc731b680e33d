import type { TrainingGraph } from '@chorus/autodiff';

/** What feeding and reading the graphs of a model takes: no weights. */
export type GraphPorts = Pick<
  TrainingGraph,
  'parameters' | 'state' | 'dataInputs' | 'labelInput' | 'inputs' | 'outputs'
>;

/** The ports alone, which keep neither graphs nor weights in memory. */
export function portsOnly({
  parameters,
  state,
  dataInputs,
  labelInput,
  inputs,
  outputs,
}: TrainingGraph): GraphPorts {
  return { parameters, state, dataInputs, labelInput, inputs, outputs };
}
