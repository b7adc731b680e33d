/** Bounds on what callers send to a model on this machine. Each is a constant with its reason. */

/** An image: a photo of a phone has 3 to 6 MB. */
export const MAX_IMAGE_BYTES = 8 * 1024 * 1024;

/** Pixels of an image before it is resized, 4 bytes each while it is decoded: a photo of 24 megapixels passes. */
export const MAX_IMAGE_PIXELS = 25_000_000;

/** Values of one sample: 3 x 1024 x 1024. */
export const MAX_SAMPLE_VALUES = 2 ** 22;

/** Bytes that a language model over bytes may read at once. */
export const MAX_CONTEXT = 8192;

/** Classes of an answer that are listed. */
export const LISTED_CLASSES = 5;
