import { MAX_GOSSIP_BYTES } from '@chorus/protocol';

/** Connections of one node; a committee is 32 members at most, the rest is gossip neighbours. */
export const MAX_CONNECTIONS = 300;

/**
 * Inbound connections a second from one host. libp2p's default of 5 refuses the start of a local swarm, where
 * all nodes share 127.0.0.1; noise handshakes cost about 2 ms, so 50 a second stay below a tenth of a core.
 */
export const INBOUND_PER_SECOND = 50;

/** Connections that one peer may make within {@link CHURN_WINDOW_S}; an honest one keeps what it has. */
export const MAX_CONNECTS_PER_WINDOW = 20;

/** The window of that rate, seconds. */
export const CHURN_WINDOW_S = 60;

/** Handshakes in progress at a time; each holds a socket for up to its timeout. */
export const MAX_PENDING_INBOUND = 64;

/** A dial that takes longer than this is not going to succeed. */
export const DIAL_TIMEOUT_MS = 10_000;

/**
 * Agreeing on a stream's protocol takes one round trip; but behind a payload on a lossy home line, or a few packets
 * that were lost, that is seconds.
 */
export const NEGOTIATION_TIMEOUT_MS = 15_000;

/** How often peers are pinged; the round trip is the latency that is shown. */
export const PING_INTERVAL_MS = 15_000;

/** A peer that has sent nothing for this long, though it is pinged every 15 s, is gone. */
export const SILENT_MS = 60_000;

/** Reading a request that a peer has started to send, and writing the response. */
export const TRANSFER_TIMEOUT_MS = 10_000;

/** Time a handler has to answer before its stream is reset. */
export const HANDLER_TIMEOUT_MS = 60_000;

/** Request streams of one protocol open at a time on one connection. */
export const MAX_REQUEST_STREAMS = 32;

/**
 * Streams that a peer may open before this node has finished setting up the connection; one more ends the
 * connection. libp2p's default of 10 is passed by a busy peer that begins with a burst of requests.
 */
export const MAX_EARLY_STREAMS = 2 * MAX_REQUEST_STREAMS;

/** Gossip's envelope around the data: topic, sender, signature, key and sequence number. */
export const GOSSIP_OVERHEAD_BYTES = 1024;

/** One gossip frame may carry several messages; what is larger closes the stream. */
export const MAX_GOSSIP_FRAME_BYTES = 16 * (MAX_GOSSIP_BYTES + GOSSIP_OVERHEAD_BYTES);

/** Addresses remembered for one peer. */
export const MAX_ADDRESSES = 16;

/** How long a published message's id is remembered, so that copies arriving late are dropped. */
export const SEEN_TTL_MS = 5 * 60_000;

/** How often the gossip mesh is repaired; a new node is grafted within one beat. */
export const HEARTBEAT_MS = 500;

/** Requests that one peer may start within {@link RATE_WINDOW_S}; a committee member makes a few a round. */
export const MAX_REQUESTS_PER_WINDOW = 200;

/** Requests of one peer being handled at a time, over all protocols; more are refused. */
export const MAX_REQUESTS_IN_FLIGHT = 32;

/**
 * Bytes of gossip that one peer may send within {@link RATE_WINDOW_S}, whatever they are: checking a signature
 * costs about 0.2 ms, so that a peer that sends nothing but forged messages takes at most a tenth of a core.
 */
export const MAX_GOSSIP_BYTES_PER_WINDOW = 2 * 1024 * 1024;

/** The window of the rates above, seconds. */
export const RATE_WINDOW_S = 10;

/** Connections of banned peers from one host in that window; beyond it the host waits for the next, unheard. */
export const MAX_BANNED_PER_WINDOW = 10;

/** Blame at which a peer is banned. */
export const BAN_AT = 100;

/** Half of the blame is forgotten after this long. */
export const BLAME_HALF_LIFE_MS = 2 * 60_000;

/** How long a peer that misbehaved stays banned. */
export const BAN_MS = 15 * 60_000;

/** Peers whose blame is remembered; those blamed least are forgotten first. */
export const MAX_BLAMED_PEERS = 4096;

/** Connections a node makes by itself to peers it discovers; others may still connect to it. */
export const MAX_DISCOVERED_CONNECTIONS = 24;

/** Bans kept, in memory and on disk; a new one makes room. */
export const MAX_BANS = 4096;

/** A ban list on disk that is larger than this is not ours: 4096 bans are under 600 KB. */
export const MAX_BAN_FILE_BYTES = 2 * 1024 * 1024;

/** How far an author's messages may overtake each other; a node publishes a few a second at most. */
export const REPLAY_WINDOW_MESSAGES = 1024;

/** Authors whose sequence numbers are remembered, at about 300 bytes each. */
export const MAX_REMEMBERED_AUTHORS = 8192;

/** Messages of one author on one topic within {@link RATE_WINDOW_S}; a node announces and tells presence once a second. */
export const MAX_TOPIC_MESSAGES_PER_WINDOW = 100;

/**
 * What a point of blame takes from a gossip score. Below 1, so that blame alone ends in a ban and not in gossipsub's
 * grey list (-80), where a peer is ignored, commits no further offence, and comes back when it is forgotten.
 */
export const BLAME_WEIGHT = 0.7;

/** A standing counts this much at most in a peer's gossip score, either way. */
export const MAX_STANDING = 50;

/** How often lost connections are looked at. */
export const REACH_INTERVAL_MS = 2_000;

/** Longest pause between two attempts to reach a peer that was lost. */
export const REACH_MAX_WAIT_MS = 60_000;

/** A peer that was connected to by hand and lost is tried for this long; bootstrap peers for ever. */
export const REACH_GIVE_UP_MS = 15 * 60_000;

/** Peers that are reached for at a time. */
export const MAX_REACHED_PEERS = 256;

/** Peers that may be reachable through this node where it relays. */
export const RELAY_RESERVATIONS = 64;

/**
 * What one relayed connection may carry where this node relays. libp2p's default of 128 KiB carries no payload; a
 * connection that has used it up is made again.
 */
export const RELAY_BYTES = 64n * 1024n * 1024n;

/** How long one relayed connection may last. */
export const RELAY_DURATION_MS = 30 * 60_000;
