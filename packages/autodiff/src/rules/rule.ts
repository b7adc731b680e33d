import { UnknownShapeError, UnsupportedAttributeError } from '../onnx/errors.ts';
import type { Node, Shape } from '../onnx/model.ts';
import type { Emitter } from './emitter.ts';

/** The view that a gradient rule has of its node. */
export class RuleContext {
  readonly node: Node;
  readonly e: Emitter;
  readonly #grads: readonly (string | undefined)[];
  readonly #needs: (name: string) => boolean;
  readonly #extraOutput: (index: number) => string;

  constructor(
    node: Node,
    emitter: Emitter,
    grads: readonly (string | undefined)[],
    needs: (name: string) => boolean,
    extraOutput: (index: number) => string,
  ) {
    this.node = node;
    this.e = emitter;
    this.#grads = grads;
    this.#needs = needs;
    this.#extraOutput = extraOutput;
  }

  /** Name of input `i`. */
  x(i = 0): string {
    return this.node.inputs[i] ?? '';
  }

  /** Whether input `i` is given. */
  has(i: number): boolean {
    return this.x(i) !== '';
  }

  /** Name of output `i`; an output that the model left out is added to the node. */
  y(i = 0): string {
    return this.node.outputs[i] || this.#extraOutput(i);
  }

  /** Gradient of output 0. */
  get dy(): string {
    return this.dyOf(0);
  }

  /** Gradient of output `i`, zeros when nothing downstream uses it. */
  dyOf(i: number): string {
    return this.#grads[i] ?? this.e.zerosLike(this.y(i));
  }

  hasDy(i: number): boolean {
    return this.#grads[i] !== undefined;
  }

  /** Whether the gradient of input `i` is wanted at all. */
  needs(i: number): boolean {
    return this.has(i) && this.#needs(this.x(i));
  }

  shape(i: number): Shape | undefined {
    return this.e.shape(this.x(i));
  }

  get outShape(): Shape | undefined {
    return this.e.shape(this.y());
  }

  get dtype(): number {
    return this.e.dtype(this.y());
  }

  /** A float constant of the node's element type. */
  c(value: number): string {
    return this.e.scalar(value, this.dtype);
  }

  /** Rank of input `i`. @throws UnknownShapeError */
  rank(i: number): number {
    return this.known(i).length;
  }

  /** Shape of input `i`. @throws UnknownShapeError when not even the rank is known */
  known(i: number): Shape {
    const shape = this.shape(i);
    if (!shape) throw new UnknownShapeError(this.x(i), this.node.name, this.node.op, 'rank');
    return shape;
  }

  /** Refuses the node for an attribute or input the rule does not cover. */
  refuse(attribute: string, why: string, hint = 'export the model without it'): never {
    throw new UnsupportedAttributeError(this.node.name, this.node.op, attribute, why, hint);
  }
}

/** Vector-Jacobian product: names of the gradients of the inputs, `undefined` for an input without one. */
export type GradientRule = (ctx: RuleContext) => (string | undefined)[];
