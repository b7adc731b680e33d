/** Solidity contracts, compiled artifacts and generated types.
 * @packageDocumentation */
export {};
