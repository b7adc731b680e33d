/** Train a model on local data, without a network, and get an ONNX file that every inference runtime executes. */
import { writeFile } from 'node:fs/promises';
import { buildModel, syntheticDigits, type TrainedModel, trainModel } from '@chorus/training';

/** Trains a small classifier on drawn digits; `loadDataset('path')` would read IDX, CSV, images or text instead. */
export async function trainLocally(samples: number, epochs: number): Promise<TrainedModel> {
  const dataset = syntheticDigits({ seed: 1, count: samples });
  return trainModel({
    model: buildModel('mlp', { inputShape: dataset.inputShape, classes: dataset.classes, seed: 0 }),
    dataset,
    validation: syntheticDigits({ seed: 2, count: 200 }),
    epochs,
    batchSize: 32,
    learningRate: 0.003,
    optimizer: { kind: 'adam', weightDecay: 0 },
    seed: 7,
    onEpoch: ({ epoch, loss, validation }) =>
      console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, accuracy ${validation?.accuracy.toFixed(3)}`),
  });
}

if (import.meta.main) {
  const { model } = await trainLocally(1000, 3);
  await writeFile('digits.onnx', model);
  console.log(`digits.onnx: ${model.length} bytes`);
}
