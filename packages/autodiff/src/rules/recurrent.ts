import { intAttribute } from '../onnx/attributes.ts';
import {
  biases,
  checkRecurrent,
  directionOf,
  overDirections,
  productGradients,
  project,
  scan,
  shifted,
  sigmoidSlope,
  tanhSlope,
  zeroState,
} from './recurrence.ts';
import type { GradientRule, RuleContext } from './rule.ts';

/** Gates in ONNX order i, o, f, c: c' = f c + i g, h = o tanh(c'). */
const lstm: GradientRule = (ctx) => {
  checkRecurrent(ctx, 'sigmoid,tanh,tanh');
  const { e } = ctx;
  return overDirections(ctx, (d) => {
    const [bw, br] = biases(ctx, d);
    const z = e.add(e.add(project(e, d.x, d.w), project(e, d.previous, d.r)), e.add(bw, br));
    const [zi, zo, zf, zg] = e.ops('Split', [z], 4, { axis: -1, num_outputs: 4 }) as [
      string,
      string,
      string,
      string,
    ];
    const [i, o, f] = [zi, zo, zf].map((gate) => e.unary('Sigmoid', gate)) as [string, string, string];
    const g = e.unary('Tanh', zg);
    const cell0 = ctx.has(6) ? directionOf(ctx, ctx.x(6), d.index, 0) : zeroState(ctx, d.hidden);
    const [, cells] = scan(ctx, [cell0], [f, e.mul(i, g)], d.reversed, (s, [c], [forget, fresh]) => {
      const next = s.add(s.mul(forget!, c!), fresh!);
      return { next: [next], outputs: [s.unary('Identity', next)] };
    }) as [string, string];
    const before = shifted(ctx, cells, cell0, d.reversed);
    const t = e.unary('Tanh', cells);
    const slopes = [
      e.mul(g, sigmoidSlope(ctx, i)),
      e.mul(t, sigmoidSlope(ctx, o)),
      e.mul(before, sigmoidSlope(ctx, f)),
      e.mul(i, tanhSlope(ctx, g)),
      e.mul(o, tanhSlope(ctx, t)),
      f,
    ];
    const dCell = ctx.hasDy(2) ? directionOf(ctx, ctx.dyOf(2), d.index, 0) : e.mul(cell0, ctx.c(0));
    const [dInitial, dInitialCell, dz] = scan(
      ctx,
      [d.dLast, dCell],
      [d.dHidden, ...slopes],
      !d.reversed,
      (s, [dh, dc], slices) => {
        const [outside, ki, ko, kf, kg, kc, forget] = slices as [
          string,
          string,
          string,
          string,
          string,
          string,
          string,
        ];
        const total = s.add(dh!, outside);
        const cell = s.add(dc!, s.mul(total, kc));
        const gates = [s.mul(cell, ki), s.mul(total, ko), s.mul(cell, kf), s.mul(cell, kg)];
        const dGates = s.op('Concat', gates, { axis: -1 });
        return { next: [s.matmul(dGates, d.r), s.mul(cell, forget)], outputs: [s.unary('Identity', dGates)] };
      },
    ) as [string, string, string];
    return { ...productGradients(ctx, d, dz, dz), dInitial, dInitialCell };
  });
};

/** Gates z, r, n: h' = (1 - z) n + z h; the reset gate acts after (PyTorch) or before the product with R. */
const gru: GradientRule = (ctx) => {
  checkRecurrent(ctx, 'sigmoid,tanh');
  const { e } = ctx;
  const after = intAttribute(ctx.node, 'linear_before_reset', 0) === 1;
  return overDirections(ctx, (d) => {
    const [bw, br] = biases(ctx, d);
    const thirds = (value: string): [string, string, string] =>
      e.ops('Split', [value], 3, { axis: -1, num_outputs: 3 }) as [string, string, string];
    const [xz, xr, xn] = thirds(e.add(project(e, d.x, d.w), bw));
    const [rz, rr, rn] = e.ops('Split', [d.r], 3, { axis: 0, num_outputs: 3 }) as [string, string, string];
    const [hz, hr, hn] = thirds(e.add(project(e, d.previous, d.r), br));
    const z = e.unary('Sigmoid', e.add(xz, hz));
    const r = e.unary('Sigmoid', e.add(xr, hr));
    const resetHidden = e.mul(r, d.previous);
    const lastThird =
      d.bias === undefined ? ctx.c(0) : (e.ops('Split', [br], 3, { axis: 0, num_outputs: 3 })[2] as string);
    const n = e.unary(
      'Tanh',
      e.add(xn, after ? e.mul(r, hn) : e.add(project(e, resetHidden, rn), lastThird)),
    );
    const keep = e.sub(ctx.c(1), z);
    const slopes = [
      z,
      r,
      e.mul(e.sub(d.previous, n), sigmoidSlope(ctx, z)),
      e.mul(keep, tanhSlope(ctx, n)),
      e.mul(after ? hn : d.previous, sigmoidSlope(ctx, r)),
    ];
    const [dInitial, toInput] = scan(
      ctx,
      [d.dLast],
      [d.dHidden, ...slopes],
      !d.reversed,
      (s, [dh], slices) => {
        const [outside, update, reset, kz, kn, kr] = slices as [
          string,
          string,
          string,
          string,
          string,
          string,
        ];
        const total = s.add(dh!, outside);
        const dz = s.mul(total, kz);
        const dn = s.mul(total, kn);
        if (after) {
          const dr = s.mul(dn, kr);
          const toHidden = s.op('Concat', [dz, dr, s.mul(dn, reset)], { axis: -1 });
          const next = s.add(s.mul(total, update), s.matmul(toHidden, d.r));
          return { next: [next], outputs: [s.op('Concat', [dz, dr, dn], { axis: -1 })] };
        }
        const dReset = s.matmul(dn, rn);
        const dr = s.mul(dReset, kr);
        const direct = s.add(s.mul(total, update), s.mul(dReset, reset));
        const next = s.add(direct, s.add(s.matmul(dz, rz), s.matmul(dr, rr)));
        return { next: [next], outputs: [s.op('Concat', [dz, dr, dn], { axis: -1 })] };
      },
    ) as [string, string];
    const [dz, dr, dn] = thirds(toInput);
    const toHidden = after ? e.op('Concat', [dz, dr, e.mul(dn, r)], { axis: -1 }) : toInput;
    const gradients = productGradients(ctx, d, toInput, toHidden);
    if (after) return { ...gradients, dInitial };
    // Here the candidate's weights multiply the reset hidden state, not the hidden state itself.
    const flat = (value: string): string => e.reshape(value, [-1, { of: ctx.x(2), axis: 2 }]);
    const upper = e.op(
      'Gemm',
      [e.reshape(e.op('Concat', [dz, dr], { axis: -1 }), [-1, 2 * hiddenSize(ctx)]), flat(d.previous)],
      { transA: 1 },
    );
    const lower = e.op('Gemm', [flat(dn), flat(resetHidden)], { transA: 1 });
    return { ...gradients, dr: e.op('Concat', [upper, lower], { axis: 0 }), dInitial };
  });
};

function hiddenSize(ctx: RuleContext): number {
  const size = ctx.known(2)[2];
  if (typeof size !== 'number') ctx.refuse('hidden_size', 'is not known before running');
  return size as number;
}

/** h' = tanh(W x + R h + b). */
const rnn: GradientRule = (ctx) => {
  checkRecurrent(ctx, 'tanh');
  return overDirections(ctx, (d) => {
    const slope = tanhSlope(ctx, d.hidden);
    const [dInitial, dz] = scan(ctx, [d.dLast], [d.dHidden, slope], !d.reversed, (s, [dh], [outside, k]) => {
      const gate = s.mul(s.add(dh!, outside!), k!);
      return { next: [s.matmul(gate, d.r)], outputs: [s.unary('Identity', gate)] };
    }) as [string, string];
    return { ...productGradients(ctx, d, dz, dz), dInitial };
  });
};

/** Gradients of recurrent operators. */
export const recurrentRules: Readonly<Record<string, GradientRule>> = { LSTM: lstm, GRU: gru, RNN: rnn };
