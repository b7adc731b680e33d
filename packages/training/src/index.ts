/** A model and local data become an update: datasets, local training in onnxruntime, quantisation.
 * @packageDocumentation */
export {};
