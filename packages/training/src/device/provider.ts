import type { InferenceSession } from 'onnxruntime-node';
import type { Device } from './devices.ts';

/**
 * A device as onnxruntime's execution provider.
 *
 * WebGPU keeps ONNX's own layout: with its default (channels last), onnxruntime 1.30 computes convolutions
 * of 6 or 9 input channels and a multiple of 4 output channels wrongly, without an error.
 */
export function executionProvider(device: Exclude<Device, 'auto'>): InferenceSession.ExecutionProviderConfig {
  return device === 'webgpu' ? { name: 'webgpu', preferredLayout: 'NCHW' } : device;
}
