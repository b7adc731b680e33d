/**
 * onnxruntime reports to its vendor (process, session and model events, a device identifier, log and session files in
 * the temporary folder) unless this variable is set before its native library is loaded. A contributor's data stays
 * private, and so does the fact that it trains. Set it to 0 to allow the reports.
 *
 * Import this before anything that loads onnxruntime. It must run on the main thread: a worker's environment
 * is a copy that native code does not see.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
