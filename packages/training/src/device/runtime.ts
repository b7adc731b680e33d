// First: it must run before onnxruntime's native library is loaded.
import './no-telemetry.ts';

/**
 * onnxruntime in this process, for questions about it; models compute in processes of their own. Loaded on first use.
 */
export function loadRuntime(): Promise<typeof import('onnxruntime-node')> {
  return import('onnxruntime-node');
}
