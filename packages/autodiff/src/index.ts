/** Turns an ONNX model into an ONNX training graph that plain onnxruntime executes.
 * @packageDocumentation */
export {};
