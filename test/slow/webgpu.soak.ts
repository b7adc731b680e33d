import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SoftwareVulkan, softwareVulkan } from './software-vulkan.ts';
import type { OnDevice } from './train-on-device.ts';

/** Both sum in float32, in other orders; six steps of training carry the difference on. */
const TOLERANCE = 1e-4;

function trainOn(device: 'cpu' | 'webgpu', env: Record<string, string> = {}): Promise<OnDevice> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./train-on-device.ts', import.meta.url)), [device], {
      execArgv: ['--conditions=@chorus/source'],
      env: { ...process.env, ...env },
    });
    child.once('message', (message) => resolve(message as OnDevice));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`training on ${device} ended: ${code ?? signal}`)));
  });
}

describe('WebGPU, through a software Vulkan driver', () => {
  let driver: SoftwareVulkan | { missing: string };
  let cpu: OnDevice;
  let webgpu: OnDevice;

  beforeAll(async () => {
    driver = await softwareVulkan();
    if ('missing' in driver) return;
    cpu = await trainOn('cpu');
    webgpu = await trainOn('webgpu', driver.env);
  });
  afterAll(async () => {
    if ('remove' in driver) await driver.remove();
  });

  it.for(['mlp', 'cnn', 'transformer', 'trainer'] as const)(
    'the losses of %s are those of the CPU, step by step',
    (name, { skip }) => {
      if ('missing' in driver) skip(driver.missing);
      const expected = cpu.losses[name];
      expect(expected.length).toBeGreaterThan(4);
      for (const [step, loss] of webgpu.losses[name].entries()) {
        expect(Math.abs(loss - expected[step]!), `step ${step + 1}`).toBeLessThan(TOLERANCE);
      }
    },
  );

  it('is reported as usable', ({ skip }) => {
    if ('missing' in driver) skip(driver.missing);
    expect(webgpu.devices).toContainEqual({ device: 'webgpu', usable: true });
  });
});
