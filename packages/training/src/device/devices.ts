import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChorusError } from '@chorus/protocol';
import { loadRuntime } from './runtime.ts';

/** The device on which a model computes; `auto` chooses. */
export type Device = 'auto' | 'cpu' | 'webgpu' | 'cuda' | 'coreml' | 'dml';

export interface DeviceReport {
  device: Exclude<Device, 'auto'>;
  usable: boolean;
  /** Reason why it cannot be used. */
  reason?: string;
}

/** Fastest first. */
const DEVICES = ['cuda', 'coreml', 'dml', 'webgpu', 'cpu'] as const;

/** A driver that has not answered by then hangs. */
const PROBE_MS = 30_000;

/** Below this size of a model file, copying to a GPU costs more than it saves. */
const WORTH_A_GPU_BYTES = 8 * 1024 * 1024;

/**
 * Which execution providers of onnxruntime work on this machine: each really computes a small product, in its own
 * process, because a faulty driver may crash that process.
 */
export async function devices(): Promise<DeviceReport[]> {
  const { listSupportedBackends } = await loadRuntime();
  const bundled = new Set(listSupportedBackends().map(({ name }) => name));
  return Promise.all(
    DEVICES.map(async (device) => {
      if (device === 'cpu') return { device, usable: true };
      const reason = bundled.has(device)
        ? await probe(device)
        : 'the onnxruntime-node package for this platform does not contain it';
      return reason === undefined ? { device, usable: true } : { device, usable: false, reason };
    }),
  );
}

/**
 * The device to use for a model of `modelBytes`.
 * @throws ChorusError `E_DEVICE` if the requested one cannot be used, with the reason
 */
export async function chooseDevice(wanted: Device, modelBytes: number): Promise<Exclude<Device, 'auto'>> {
  if (wanted === 'cpu' || (wanted === 'auto' && modelBytes < WORTH_A_GPU_BYTES)) return 'cpu';
  const reports = await devices();
  if (wanted === 'auto') return reports.find(({ usable }) => usable)!.device;
  const report = reports.find(({ device }) => device === wanted);
  if (report?.usable) return wanted;
  throw new ChorusError('E_DEVICE', 'the device cannot be used for training', {
    facts: {
      device: String(wanted),
      reason: report?.reason ?? 'unknown device',
      usable: reports.flatMap(({ device, usable }) => (usable ? [device] : [])).join(', '),
    },
    hint: 'use the device auto or cpu; chorus doctor lists what works',
  });
}

/** The runtime's message without the place in its source and the condition that did not hold. */
function plain(reason: string): string {
  return reason.replace(/^\/\S*onnxruntime\S*.* was false\. */s, '').trim() || reason;
}

/** Resolves to undefined if the device works, else to the reason. */
function probe(device: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = fork(
      fileURLToPath(new URL(`./probe${extname(import.meta.url)}`, import.meta.url)),
      [device],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      },
    );
    let reason: string | undefined = 'its driver ended the process';
    const timer = setTimeout(() => {
      reason = `its driver did not answer within ${PROBE_MS / 1000} s`;
      child.kill('SIGKILL');
    }, PROBE_MS);
    child.on('message', (answer: { reason?: string }) => {
      reason = answer.reason && plain(answer.reason);
    });
    child.on('error', (error) => {
      reason = error.message;
    });
    child.on('close', () => {
      clearTimeout(timer);
      resolve(reason);
    });
  });
}
