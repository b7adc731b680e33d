/** The proof of contribution: Gram argument and circuit, prove, verify, inspect.
 * @packageDocumentation */
export {};
