/** Integer rules: Gram matrix to weights and shares, and the exact weighted aggregate.
 * @packageDocumentation */
export {};
