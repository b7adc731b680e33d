import { toInt64 } from './attributes.ts';
import { CorruptModelError } from './errors.ts';
import type { Attribute, Graph, Model, Node, Tensor, ValueInfo } from './model.ts';
import { SCOPES_KEY, scopesOfModule } from './modules.ts';
import { WireWriter } from './wire.ts';

/** Protobuf refuses messages beyond 2 GiB; a larger model needs external data. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Place of tensors outside the model file: an external data file, and offsets by tensor name. */
export interface ExternalTensors {
  /** File name relative to the model's folder. */
  readonly location: string;
  /** Byte offset in that file of each tensor it holds. */
  readonly offsets: ReadonlyMap<string, number>;
}

/**
 * Encodes a model as an ONNX file.
 *
 * @param external tensors to refer to instead of writing them; the caller writes the data file
 * @returns the bytes of a ModelProto with all other tensors inside
 * @throws CorruptModelError when the result would exceed protobuf's 2 GiB
 */
export function encodeModel(model: Model, external?: ExternalTensors): Uint8Array {
  const writer = new WireWriter();
  writer.int(1, model.irVersion);
  writer.string(2, model.producer);
  writer.message(7, (w) => writeGraph(w, model.graph, external));
  for (const [domain, version] of [['', model.opset] as const, ...model.domains]) {
    writer.message(8, (w) => {
      w.string(1, domain);
      w.int(2, version);
    });
  }
  for (const [key, value] of model.metadata) {
    writer.message(14, (w) => {
      w.string(1, key);
      w.string(2, value);
    });
  }
  if (writer.length > MAX_MODEL_BYTES) {
    throw new CorruptModelError('the model is larger than a protobuf file can be', { bytes: writer.length });
  }
  return writer.finish();
}

function writeGraph(writer: WireWriter, graph: Graph, external?: ExternalTensors): void {
  for (const node of graph.nodes) writer.message(1, (w) => writeNode(w, node));
  writer.string(2, graph.name);
  for (const tensor of graph.initializers.values())
    writer.message(5, (w) => writeTensor(w, tensor, external));
  for (const input of graph.inputs) writer.message(11, (w) => writeValueInfo(w, input));
  for (const output of graph.outputs) writer.message(12, (w) => writeValueInfo(w, output));
  for (const info of graph.valueInfo.values()) writer.message(13, (w) => writeValueInfo(w, info));
}

function writeNode(writer: WireWriter, node: Node): void {
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  if (node.name) writer.string(3, node.name);
  writer.string(4, node.op);
  for (const [name, attribute] of node.attributes) {
    writer.message(5, (w) => writeAttribute(w, name, attribute));
  }
  if (node.domain) writer.string(7, node.domain);
  const { module } = node;
  if (module === undefined) return;
  writer.message(9, (w) => {
    w.string(1, SCOPES_KEY);
    w.string(2, scopesOfModule(module));
  });
}

const ATTRIBUTE_CODES = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** TensorProto.DataLocation of data outside the file. */
const EXTERNAL = 1;

const utf8 = new TextEncoder();
function writeAttribute(writer: WireWriter, name: string, attribute: Attribute): void {
  writer.string(1, name);
  switch (attribute.type) {
    case 'float':
      writer.float(2, attribute.value);
      break;
    case 'int':
      writer.int(3, toInt64(attribute.value));
      break;
    case 'string':
      writer.bytes(4, utf8.encode(attribute.value));
      break;
    case 'tensor':
      writer.message(5, (w) => writeTensor(w, attribute.value));
      break;
    case 'graph':
      writer.message(6, (w) => writeGraph(w, attribute.value));
      break;
    case 'floats':
      for (const value of attribute.value) writer.float(7, value);
      break;
    case 'ints':
      for (const value of attribute.value) writer.int(8, toInt64(value));
      break;
    case 'strings':
      for (const value of attribute.value) writer.bytes(9, utf8.encode(value));
      break;
  }
  writer.int(20, ATTRIBUTE_CODES[attribute.type]);
}

function writeTensor(writer: WireWriter, tensor: Tensor, external?: ExternalTensors): void {
  for (const dim of tensor.dims) writer.int(1, dim);
  writer.int(2, tensor.dtype);
  writer.string(8, tensor.name);
  const offset = external?.offsets.get(tensor.name);
  if (external === undefined || offset === undefined) {
    writer.bytes(9, tensor.data);
    return;
  }
  const entries = { location: external.location, offset: String(offset), length: String(tensor.data.length) };
  for (const [key, value] of Object.entries(entries)) {
    writer.message(13, (w) => {
      w.string(1, key);
      w.string(2, value);
    });
  }
  writer.int(14, EXTERNAL);
}

function writeValueInfo(writer: WireWriter, info: ValueInfo): void {
  writer.string(1, info.name);
  const { shape } = info;
  writer.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.int(1, info.dtype);
      if (!shape) return;
      tensor.message(2, (dims) => {
        for (const dim of shape) {
          dims.message(1, (w) => (typeof dim === 'number' ? w.int(1, dim) : w.string(2, dim)));
        }
      });
    }),
  );
}
