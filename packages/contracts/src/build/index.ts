/**
 * The compiler behind the committed artifacts, for tests and tools; running a node needs none of it.
 *
 * @packageDocumentation
 */
export * from './compile.ts';
export * from './verifying-key.ts';
