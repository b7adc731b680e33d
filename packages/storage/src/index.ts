/** IPFS adapters of the storage port: embedded Helia or a Kubo daemon.
 * @packageDocumentation */
export {};
