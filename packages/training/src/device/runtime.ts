// First: it must run before onnxruntime's native library is loaded.
import './no-telemetry.ts';

/**
 * onnxruntime, loaded when it is first wanted: a node without a task needs none of it. The main thread loads it
 * before any worker does, and keeps it: were a worker's the only use of the native library, the library would be
 * unmapped when that worker ends, under threads that may still run in it.
 */
export function loadRuntime(): Promise<typeof import('onnxruntime-node')> {
  return import('onnxruntime-node');
}
