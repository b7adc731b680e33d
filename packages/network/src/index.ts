/** libp2p adapter of the network port: gossip, request and response.
 * @packageDocumentation */
export {};
