/** EVM adapter of the chain port: reads, writes, events, and the embedded development chain.
 * @packageDocumentation */
export {};
