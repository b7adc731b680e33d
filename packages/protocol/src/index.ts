/** The network's words: tasks, rounds, updates, commitments, settlements, their codecs and limits, and the ports the node is made of.
 * @packageDocumentation */
export {};
