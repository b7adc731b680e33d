/** Composition root: the stages of a round, wired from the ports.
 * @packageDocumentation */
export {};
