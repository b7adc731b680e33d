import type { Node } from './model.ts';

/** Key under which PyTorch's exporter notes the modules a node comes from, outermost first, the node itself last. */
export const SCOPES_KEY = 'pkg.torch.onnx.name_scopes';

/** The module of a list of scopes as Python prints it: `['', 'layers.0', 'layers.0.norm', 'layer_norm']`. */
export function moduleOfScopes(scopes: string): string | undefined {
  const names = [...scopes.matchAll(/'([^']*)'/g)].map((match) => match[1]!);
  return names.length < 2 ? undefined : names.at(-2);
}

/** The same, as {@link moduleOfScopes} reads it. */
export function scopesOfModule(module: string): string {
  return `['${module}', '']`;
}

/**
 * Path of the module whose code a node is, as far as the exporter left it: in the node's metadata, or in a name like
 * `/layers.0/norm/LayerNormalization`. In such names the second call of a module is `/layers.0/norm_1/...`.
 */
export function moduleOf(node: Node): string | undefined {
  if (node.module !== undefined) return node.module;
  const parts = node.name.split('/');
  if (parts[0] !== '' || parts.length < 3) return undefined;
  return parts
    .slice(1, -1)
    .map((part) => part.replace(/_\d+$/, ''))
    .join('.');
}
