import { activationRules } from './activations.ts';
import { arithmeticRules } from './arithmetic.ts';
import { convRules } from './conv.ts';
import { dropoutRules } from './dropout.ts';
import { indexingRules } from './indexing.ts';
import { layoutRules } from './layout.ts';
import { matmulRules } from './matmul.ts';
import { normalisationRules } from './normalisation.ts';
import { poolingRules } from './pooling.ts';
import { recurrentRules } from './recurrent.ts';
import { reductionRules } from './reduction.ts';
import { resizeRules } from './resize.ts';
import type { GradientRule } from './rule.ts';

/** Families of rules, as the README's table shows them. */
export const FAMILIES: readonly {
  readonly family: string;
  readonly rules: Readonly<Record<string, GradientRule>>;
}[] = [
  { family: 'arithmetic', rules: arithmeticRules },
  { family: 'elementwise', rules: activationRules },
  { family: 'products', rules: matmulRules },
  { family: 'convolution', rules: convRules },
  { family: 'pooling', rules: poolingRules },
  { family: 'reduction', rules: reductionRules },
  { family: 'layout', rules: layoutRules },
  { family: 'indexing', rules: indexingRules },
  { family: 'normalisation', rules: normalisationRules },
  { family: 'dropout', rules: dropoutRules },
  { family: 'resampling', rules: resizeRules },
  { family: 'recurrent', rules: recurrentRules },
];

/** The gradient rule of every differentiable operator of the standard domain. */
export const GRADIENT_RULES: ReadonlyMap<string, GradientRule> = new Map(
  FAMILIES.flatMap(({ rules }) => Object.entries(rules)),
);

/**
 * Operators whose result does not change, or only in jumps, when their input changes a little: they end
 * the gradient's path without an error.
 */
export const NO_GRADIENT: ReadonlySet<string> = new Set(
  `And ArgMax ArgMin Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Constant ConstantOfShape Equal
  EyeLike Floor Greater GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual Multinomial NonZero Not OneHot Or
  RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Round Shape Sign Size Unique Xor`.split(
    /\s+/,
  ),
);
