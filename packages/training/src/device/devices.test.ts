import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../model/build.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { createTrainer } from '../train/trainer.ts';
import { chooseDevice, type Device, type DeviceReport, devices } from './devices.ts';

const model = buildModel('mlp', { inputShape: [1, 28, 28], classes: 10, seed: 0 });
const sgd = {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
} as const;

describe('devices', () => {
  let reports: DeviceReport[];
  beforeAll(async () => {
    reports = await devices();
  });

  it('devices names every device once, with a reason for each unusable one', () => {
    expect(reports.map(({ device }) => device).sort()).toEqual(['coreml', 'cpu', 'cuda', 'dml', 'webgpu']);
    for (const { usable, reason } of reports) expect(usable).toBe(reason === undefined);
  });

  it('the CPU is always usable', () => {
    expect(reports).toContainEqual({ device: 'cpu', usable: true });
  });

  it('usable devices train, and unusable ones refuse with the reason', async () => {
    const dataset = syntheticDigits({ seed: 1, count: 32 });
    for (const { device, usable, reason } of reports) {
      const opening = createTrainer({ model, ...sgd, device });
      if (!usable) {
        await expect(opening).rejects.toMatchObject({ code: 'E_DEVICE', facts: { device, reason } });
        continue;
      }
      const trainer = await opening;
      const { delta } = await trainer.train({
        parameters: trainer.initial,
        dataset,
        epochs: 1,
        batchSize: 16,
        learningRate: 0.1,
        seed: 1,
      });
      expect(delta.some((x) => x !== 0)).toBe(true);
      await trainer.close();
    }
  });

  it('the device choice is the CPU for small models and a usable device for large ones', async () => {
    expect(await chooseDevice('auto', 1000)).toBe('cpu');
    const chosen = await chooseDevice('auto', 1e9);
    expect(reports).toContainEqual({ device: chosen, usable: true });
  });

  it('an unknown device name is refused', async () => {
    await expect(chooseDevice('tpu' as Device, 1)).rejects.toMatchObject({ code: 'E_DEVICE' });
  });
});
