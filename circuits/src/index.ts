/** circom sources of the contribution circuit, its keys and constraint counts.
 * @packageDocumentation */
export {};
