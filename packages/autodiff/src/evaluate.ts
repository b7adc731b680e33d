import { trainingModel } from './epoch.ts';
import { emitLoss, type LossOptions } from './loss.ts';
import type { Model, ValueInfo } from './onnx/model.ts';
import { valueNames } from './onnx/names.ts';
import { validateModel } from './onnx/validate.ts';
import { type TrainingPlan, withInitializers } from './plan.ts';
import { Emitter } from './rules/emitter.ts';
import { inferenceNode } from './rules/normalisation.ts';
import { inferTypes } from './shapes/infer.ts';

/** The model as in inference, with the parameters as inputs, and its loss as one more output. */
export function buildEvaluate(plan: TrainingPlan, loss: LossOptions): { model: Model; fed: string[] } {
  const { graph } = plan.model;
  const e = new Emitter(plan.model.opset, inferTypes(graph), valueNames(graph), 'loss/');
  for (const { name, dtype, shape } of graph.inputs) {
    if (!graph.initializers.has(name)) e.input(name, dtype, shape);
  }
  if (plan.labels) {
    e.input(plan.labels.name, plan.labels.dtype, plan.labels.shape);
    e.declare(plan.labels.name, plan.labels);
  }
  // Of the state, only what lives in the model itself: running statistics.
  const fed = plan.state.map(({ name }) => name).filter((name) => graph.initializers.has(name));
  for (const name of [...plan.trained, ...fed]) {
    const { dtype, dims } = graph.initializers.get(name)!;
    e.input(name, dtype, dims);
  }
  for (const node of graph.nodes) e.push(inferenceNode(node));
  const emitted = emitLoss(e, loss, plan.target, plan.names.labels).loss;
  e.output(emitted, e.dtype(plan.target.value), [], plan.names.loss);
  for (const info of modelOutputs(plan, e)) e.output(info.name, info.dtype, info.shape);
  const full = withInitializers(e.graph(), graph, new Set([...plan.trained, ...fed]));
  return { model: validateModel(trainingModel(plan.model, full)), fed };
}

/** The model's outputs, with the shapes inference gives them where the file declares none or one of another rank. */
function modelOutputs(plan: TrainingPlan, types: Pick<Emitter, 'shape'>): ValueInfo[] {
  return plan.model.graph.outputs.map((info) => {
    const inferred = types.shape(info.name);
    const agrees = info.shape && (!inferred || inferred.length === info.shape.length);
    return { ...info, shape: agrees ? info.shape : inferred };
  });
}
