/** The chorus command.
 * @packageDocumentation */
export {};
