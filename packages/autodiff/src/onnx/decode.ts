import { CorruptModelError, InvalidGraphError, ModelFunctionsError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Attribute, Dim, Graph, Model, Node, Tensor, ValueInfo } from './model.ts';
import { moduleOfScopes, SCOPES_KEY } from './modules.ts';
import { decodeEntry, decodeTensor, type ExternalDataReader, readInts } from './tensor-data.ts';
import { WIRE, WireReader } from './wire.ts';

/** Decodes a ModelProto; names are kept in Maps, so no name of the file can reach a JavaScript prototype. */
export function decodeModel(bytes: Uint8Array, external: ExternalDataReader | undefined): Model {
  const reader = new WireReader(bytes);
  let irVersion = 0;
  let producer = '';
  let graph: Uint8Array | undefined;
  let functions = 0;
  const domains = new Map<string, number>();
  const metadata = new Map<string, string>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === WIRE.varint) irVersion = reader.uint();
    else if (field === 2 && wire === WIRE.bytes) producer = reader.string();
    else if (field === 7 && wire === WIRE.bytes) graph = reader.bytes();
    else if (field === 8 && wire === WIRE.bytes) {
      const [domain, version] = decodeOpset(reader.bytes());
      domains.set(domain === 'ai.onnx' ? '' : domain, version);
    } else if (field === 14 && wire === WIRE.bytes) {
      const [key, value] = decodeEntry(reader.bytes());
      metadata.set(key, value);
    } else {
      if (field === 25) functions++;
      reader.skip(wire);
    }
  }
  if (!graph) throw new CorruptModelError('no graph in the file', { bytes: bytes.length });
  if (functions > 0) {
    throw new ModelFunctionsError(functions);
  }
  const opset = domains.get('') ?? 1;
  domains.delete('');
  return { irVersion, opset, domains, producer, metadata, graph: decodeGraph(graph, external, 0) };
}

function decodeOpset(bytes: Uint8Array): [string, number] {
  const reader = new WireReader(bytes);
  let domain = '';
  let version = 0;
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) domain = reader.string();
    else if (field === 2) version = reader.uint();
    else reader.skip(wire);
  }
  return [domain, version];
}

function decodeGraph(bytes: Uint8Array, external: ExternalDataReader | undefined, depth: number): Graph {
  if (depth > LIMITS.depth) {
    throw new InvalidGraphError('subgraphs are nested too deeply', { depth, limit: LIMITS.depth });
  }
  const reader = new WireReader(bytes);
  let name = '';
  const nodes: Node[] = [];
  const initializers = new Map<string, Tensor>();
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo = new Map<string, ValueInfo>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) {
      if (nodes.length >= LIMITS.nodes) {
        throw new InvalidGraphError('the graph has too many nodes', { limit: LIMITS.nodes });
      }
      nodes.push(decodeNode(reader.bytes(), external, depth));
    } else if (field === 2) name = reader.string();
    else if (field === 5) {
      const tensor = decodeTensor(reader.bytes(), external);
      if (initializers.has(tensor.name)) {
        throw new InvalidGraphError(`initialiser "${tensor.name}" appears twice`, {
          initializer: tensor.name,
        });
      }
      initializers.set(tensor.name, tensor);
    } else if (field === 11) inputs.push(decodeValueInfo(reader.bytes()));
    else if (field === 12) outputs.push(decodeValueInfo(reader.bytes()));
    else if (field === 13) {
      const info = decodeValueInfo(reader.bytes());
      valueInfo.set(info.name, info);
    } else if (field === 15) {
      throw new InvalidGraphError(
        'sparse initialisers are not supported',
        { graph: name },
        'store them densely',
      );
    } else reader.skip(wire);
  }
  return { name, nodes, initializers, inputs, outputs, valueInfo };
}

function decodeNode(bytes: Uint8Array, external: ExternalDataReader | undefined, depth: number): Node {
  const reader = new WireReader(bytes);
  let name = '';
  let op = '';
  let domain = '';
  let module: string | undefined;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) inputs.push(reader.string());
    else if (field === 2) outputs.push(reader.string());
    else if (field === 3) name = reader.string();
    else if (field === 4) op = reader.string();
    else if (field === 5) {
      const [key, value] = decodeAttribute(reader.bytes(), external, depth);
      if (value) attributes.set(key, value);
    } else if (field === 7) domain = reader.string();
    else if (field === 9) module = decodeModule(reader.bytes()) ?? module;
    else reader.skip(wire);
  }
  const node = { name, op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes };
  return module === undefined ? node : { ...node, module };
}

/** One entry of a node's metadata, of which only the module it comes from is of use. */
function decodeModule(bytes: Uint8Array): string | undefined {
  const [key, value] = decodeEntry(bytes);
  return key === SCOPES_KEY ? moduleOfScopes(value) : undefined;
}

/** AttributeProto.AttributeType codes that operators of the standard domain use. */
const ATTRIBUTE_TYPES = new Map<number, Attribute['type']>([
  [1, 'float'],
  [2, 'int'],
  [3, 'string'],
  [4, 'tensor'],
  [5, 'graph'],
  [6, 'floats'],
  [7, 'ints'],
  [8, 'strings'],
]);

function decodeAttribute(
  bytes: Uint8Array,
  external: ExternalDataReader | undefined,
  depth: number,
): [string, Attribute | undefined] {
  const reader = new WireReader(bytes);
  const text = (raw: Uint8Array): string => new TextDecoder().decode(raw);
  let name = '';
  let type = 0;
  let float = 0;
  let int = 0;
  let string = '';
  let tensor: Tensor | undefined;
  let graph: Graph | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) name = reader.string();
    else if (field === 2 && wire === WIRE.fixed32) float = reader.float();
    else if (field === 3 && wire === WIRE.varint) int = Number(reader.int64());
    else if (field === 4) string = text(reader.bytes());
    else if (field === 5) tensor = decodeTensor(reader.bytes(), external);
    else if (field === 6) graph = decodeGraph(reader.bytes(), external, depth + 1);
    else if (field === 7 && wire === WIRE.fixed32) floats.push(reader.float());
    else if (field === 7 && wire === WIRE.bytes) {
      const packed = new WireReader(reader.bytes());
      while (!packed.done) floats.push(packed.float());
    } else if (field === 8) readInts(reader, wire, (value) => ints.push(Number(value)));
    else if (field === 9) strings.push(text(reader.bytes()));
    else if (field === 20) type = reader.uint();
    else reader.skip(wire);
  }
  switch (ATTRIBUTE_TYPES.get(type)) {
    case 'float':
      return [name, { type: 'float', value: float }];
    case 'int':
      return [name, { type: 'int', value: int }];
    case 'string':
      return [name, { type: 'string', value: string }];
    case 'floats':
      return [name, { type: 'floats', value: floats }];
    case 'ints':
      return [name, { type: 'ints', value: ints }];
    case 'strings':
      return [name, { type: 'strings', value: strings }];
    case 'tensor':
      if (tensor) return [name, { type: 'tensor', value: tensor }];
      break;
    case 'graph':
      if (graph) return [name, { type: 'graph', value: graph }];
      break;
  }
  throw new InvalidGraphError(`attribute "${name}" has unsupported type ${type}`, { attribute: name, type });
}

function decodeValueInfo(bytes: Uint8Array): ValueInfo {
  const reader = new WireReader(bytes);
  let name = '';
  let dtype = 0;
  let shape: Dim[] | undefined;
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) name = reader.string();
    else if (field === 2) {
      const type = new WireReader(reader.bytes());
      while (!type.done) {
        const part = type.tag();
        if (part.field === 1) ({ dtype, shape } = decodeTensorType(type.bytes()));
        else type.skip(part.wire);
      }
    } else reader.skip(wire);
  }
  return { name, dtype, shape };
}

function decodeTensorType(bytes: Uint8Array): { dtype: number; shape: Dim[] | undefined } {
  const reader = new WireReader(bytes);
  let dtype = 0;
  let shape: Dim[] | undefined;
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) dtype = reader.uint();
    else if (field === 2) {
      shape = [];
      const dims = new WireReader(reader.bytes());
      while (!dims.done) {
        const part = dims.tag();
        if (part.field === 1) shape.push(decodeDim(dims.bytes()));
        else dims.skip(part.wire);
      }
    } else reader.skip(wire);
  }
  return { dtype, shape };
}

/** An unnamed dynamic dimension becomes `''`; validation gives it a name of its own. */
function decodeDim(bytes: Uint8Array): Dim {
  const reader = new WireReader(bytes);
  let dim: Dim = '';
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) {
      const value = Number(reader.int64());
      // Some exporters write -1 or 0 for "any size".
      dim = value > 0 ? value : '';
    } else if (field === 2) dim = reader.string();
    else reader.skip(wire);
  }
  return dim;
}
