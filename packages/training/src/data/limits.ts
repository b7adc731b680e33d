/** Bounds on data from files. Each is a constant with its reason. */

/** Memory of one data set's inputs (float32) where no folder for larger ones is known. */
export const MAX_DATASET_BYTES = 2 ** 31;

/**
 * Memory of a data set's inputs (float32) beyond which they are written to a file instead: MNIST's 60,000 images fit,
 * and two processes may hold them.
 */
export const MEMORY_DATASET_BYTES = 2 ** 28;

/** Free space that a file of samples leaves on its disk. */
export const LEAST_FREE_BYTES = 2 ** 30;

/** Samples of one data set: indices stay in 32 bits; labels and an epoch's order take at most 256 MiB each. */
export const MAX_SAMPLES = 2 ** 26;

/** Classes; matches the bound of a task's terms. */
export const MAX_CLASSES = 100_000;

/** Letters of one class's name, so that a line can show several names. */
export const MAX_CLASS_NAME = 200;

/** A file that lists the names of all classes. */
export const MAX_CLASS_FILE_BYTES = 8 * 1024 * 1024;

/** Values of one sample, e.g. 3 x 1024 x 1024. */
export const MAX_SAMPLE_VALUES = 2 ** 22;

/** Axes of one sample; matches the bound of a task's terms. */
export const MAX_AXES = 5;

/** Files read in a folder of images or texts. */
export const MAX_FILES = 2_000_000;

/** One image file, before decoding. */
export const MAX_IMAGE_BYTES = 64 * 1024 * 1024;

/** Pixels of one image before resizing: refuses decompression bombs. */
export const MAX_IMAGE_PIXELS = 2 ** 26;

/** Bytes of one line of CSV. */
export const MAX_CSV_RECORD_BYTES = 16 * 1024 * 1024;

/** Bytes of a CSV file read to detect encoding and separator. */
export const CSV_HEAD_BYTES = 256 * 1024;

/** Bytes of text read from one folder. */
export const MAX_TEXT_BYTES = 2 ** 29;
