/** KZG commitments to update vectors over BN254: reference string, commit, verify, open.
 * @packageDocumentation */
export {};
