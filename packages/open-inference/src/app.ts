import type { AgentExecutor, NamedTensor, TensorInfo } from '@chorus/protocol';
import { type Context, Hono } from 'hono';
import { failure, refusal } from './errors.ts';
import { readInferRequest } from './request/infer-request.ts';
import { inferResponse } from './response/infer-response.ts';

/** An agent that clients can call. */
interface ServedModel {
  /** Its name in addresses. */
  name: string;
  /** The agent's own version. */
  version: string;
  executor: AgentExecutor;
}

export interface OpenInferenceSource {
  /** Those that can be called now; those without tensors are not served here. */
  agents(): readonly ServedModel[];
}

/**
 * Serve the models of agents by the Open Inference Protocol v2 (KServe, Triton): health, metadata and `infer` with JSON or binary
 * tensors below `/v2`. Callers are anonymous. The server around it bounds the size and the rate of requests.
 *
 * @example
 * serve({ fetch: openInferenceApp({ agents: () => [{ name: 'digits', version: '1', executor }] }).fetch });
 */
export function openInferenceApp(source: OpenInferenceSource): Hono {
  const find = (c: Context): ServedModel | Response => {
    const { name, version } = c.req.param() as { name: string; version?: string };
    const found = source.agents().find((each) => each.name === name && each.executor.tensors);
    if (!found)
      return refusal(404, `no model of tensors with the name "${name.slice(0, 100)}" is served here`);
    if (version === undefined || version === found.version) return found;
    return refusal(404, `the model has the version "${found.version}" alone`);
  };
  const app = new Hono({ strict: false })
    .get('/v2', (c) => c.json({ name: 'chorus', version: '2', extensions: ['binary_tensor_data'] }))
    .get('/v2/health/live', (c) => c.json({ live: true }))
    .get('/v2/health/ready', (c) => c.json({ ready: true }));
  for (const base of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app
      .get(base, (c) => {
        const model = find(c);
        return model instanceof Response ? model : c.json(metadataOf(model));
      })
      .get(`${base}/ready`, (c) => {
        const model = find(c);
        return model instanceof Response ? model : c.json({ name: model.name, ready: true });
      })
      .post(`${base}/infer`, async (c) => {
        const model = find(c);
        return model instanceof Response ? model : infer(c, model);
      });
  }
  return app;
}

function metadataOf({ name, version, executor: { tensors } }: ServedModel): object {
  const described = ({ name, datatype, shape }: TensorInfo) => ({ name, datatype, shape });
  return {
    name,
    versions: [version],
    platform: 'onnx_onnxv1',
    inputs: tensors!.inputs.map(described),
    outputs: tensors!.outputs.map(described),
  };
}

async function infer(c: Context, { name, version, executor }: ServedModel): Promise<Response> {
  const body = new Uint8Array(await c.req.arrayBuffer());
  const read = readInferRequest(body, c.req.header('inference-header-content-length'), executor.tensors!);
  if ('problem' in read) return refusal(400, read.problem);
  try {
    await executor.admit?.(false);
    const asked = { inputs: read.inputs, caller: 'anonymous' };
    let outputs: readonly NamedTensor[] | null = null;
    // To its end: an answer that is left before is a cancelled one.
    for await (const event of executor.infer!(asked, c.req.raw.signal)) {
      if (event.type === 'tensors') outputs = event.outputs;
    }
    if (!outputs) throw new Error('the agent ended without an answer');
    const head = { model_name: name, model_version: version, ...read.echoed };
    const made = inferResponse(head, outputs, read.wanted);
    return 'problem' in made ? refusal(400, made.problem) : made.response;
  } catch (error) {
    return failure(error);
  }
}
