import { ChorusError, type Terms } from '@chorus/protocol';
import { createDataset, type Trainer } from '@chorus/training';
import type { Gatekeeper } from './limits/gatekeeper.ts';
import type { Ports } from './ports.ts';
import type { PreparedTask } from './stages/announce.ts';

/** Samples of the step that is tried: enough for what is computed over a batch. */
const SAMPLES = 4;

/** A bound on what is made up for it: 64 MiB. */
const MAX_VALUES = 2 ** 24;

/**
 * Try one step of training on made-up samples of the shape that the terms name: whether the model takes them, and can
 * be trained, is found out before anybody pays for it.
 *
 * @throws ChorusError `E_DATA_SHAPE`, `E_DATA_LABEL` where model and terms do not fit each other, and what training
 *   throws
 */
export async function tryTraining(trainer: Trainer, terms: Pick<Terms, 'data'>): Promise<void> {
  const { inputShape, classes } = terms.data;
  const values = SAMPLES * inputShape.reduce((product, size) => product * size, 1);
  if (values > MAX_VALUES) {
    throw new ChorusError('E_DATA_SHAPE', 'a sample is too large', {
      facts: { shape: inputShape.join('x') },
      hint: 'correct data.inputShape of the terms',
    });
  }
  const dataset = createDataset({
    // Zeros and ones: brightness, features and tokens alike.
    inputs: Float32Array.from({ length: values }, (_, i) => (i * 7 + Math.floor(i / 3)) % 2),
    // The last class too, which a model with too few does not have.
    labels: Int32Array.from({ length: SAMPLES }, (_, i) => (i % 2 === 0 ? classes - 1 : i % classes)),
    inputShape,
    classes,
    name: 'the data that the terms describe',
  });
  try {
    const parameters = trainer.initial;
    await trainer.train({ parameters, dataset, epochs: 1, batchSize: SAMPLES, learningRate: 1e-6, seed: 1 });
  } catch (error) {
    // Of samples that mean nothing, the loss need not.
    if (!(error instanceof ChorusError && error.code === 'E_TRAINING_DIVERGED')) throw error;
  }
}

/**
 * Whether this node can pay for a task, and has room to follow it.
 * @throws ChorusError `E_TASK_BUDGET`, `E_GAS_LOW`, `E_CHAIN_TOKEN`, `E_LIMIT_*`
 */
export async function checkMeans(
  { chain }: Pick<Ports, 'chain'>,
  gate: Gatekeeper,
  { params, terms }: PreparedTask,
): Promise<void> {
  gate.checkRoom(params, terms);
  const { token, budget } = params;
  const balance = await chain.balance(token, chain.account);
  if (balance < budget) {
    throw new ChorusError('E_TASK_BUDGET', 'the wallet holds less than the budget of the task', {
      facts: { token, budget, balance, wallet: chain.account },
      hint: 'lower the budget, or send tokens to the wallet',
    });
  }
  const head = await chain.head?.();
  if (head?.gasBalance === 0n) {
    throw new ChorusError('E_GAS_LOW', 'the wallet has nothing to pay gas with', {
      facts: { wallet: chain.account },
      hint: "send some of the chain's coin to the wallet",
    });
  }
}
