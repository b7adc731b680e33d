/** Protocol id of HTTP/1.1 over libp2p streams (libp2p specifications, "HTTP"). */
export const HTTP_PROTOCOL = '/http/1.1';

/** HTTP streams that one peer may have open here, over all its connections: twice what this node opens to a peer. */
export const MAX_HTTP_STREAMS_PER_PEER = 64;

/** HTTP streams of all peers together: each costs a few hundred KB at most while its reader is slow. */
export const MAX_HTTP_STREAMS = 512;

/** HTTP requests that one peer may start within {@link HTTP_WINDOW_S}. */
export const MAX_HTTP_REQUESTS_PER_WINDOW = 300;

/** The window of that rate, seconds. */
export const HTTP_WINDOW_S = 10;

/** Time from the opening of a stream to the end of the request's head. */
export const HTTP_HEAD_MS = 15_000;

/** Time from the opening of a stream to the end of the request's body: 16 MiB at half a megabit a second. */
export const HTTP_REQUEST_MS = 5 * 60_000;

/** A stream on which no byte moves in either direction for this long is ended. Event streams send comments. */
export const HTTP_IDLE_MS = 120_000;

/** How long a stream that this node has ended may wait for the other side to read the rest, and to end it too. */
export const HTTP_LINGER_MS = 60_000;

/** The same after what was not HTTP, whose sender is hardly waiting for a polite answer. */
export const HTTP_REFUSED_LINGER_MS = 2_000;

/**
 * Bytes that may arrive on a stream after this node has asked for a pause: yamux lets a peer send what it has been
 * allowed before, 16 MiB at most. libp2p's own limit of 4 MiB would end the streams of honest fast peers.
 */
export const MAX_PAUSED_BYTES = 16 * 1024 * 1024;
