/** Beginnings of files that are given for ONNX models, and what to do with them. */
const KINDS: readonly (readonly [begins: string, hint: string])[] = [
  [
    'PK\x03\x04',
    'it is a zip archive, as PyTorch and Keras save models: export it with torch.onnx.export or tf2onnx',
  ],
  ['\x80', 'it is a pickle, as PyTorch saves weights: export the model with torch.onnx.export'],
  ['\x89HDF', 'it is an HDF5 file, as Keras saves models: convert it with tf2onnx'],
  ['\x1f\x8b', 'it is compressed: unpack it with gunzip'],
  ['version https://git-lfs', 'it is a pointer of Git LFS instead of the file: run git lfs pull'],
  ['<', 'it is a web page or other text: fetch the file itself'],
];

/** What a file is that is no ONNX model, and what to do; undefined if its beginning does not say. */
export function hintOnOtherFile(bytes: Uint8Array): string | undefined {
  const begins = Buffer.from(bytes.subarray(0, 32)).toString('latin1');
  return KINDS.find(([beginning]) => begins.startsWith(beginning))?.[1];
}
