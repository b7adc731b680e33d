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

/** Dial timeout. */
export const DIAL_TIMEOUT_MS = 10_000;

/**
 * Agreeing on a stream's protocol takes one round trip; but behind a payload on a lossy home line, or after a few
 * lost packets, that takes seconds.
 */
export const NEGOTIATION_TIMEOUT_MS = 15_000;

/** Interval between pings of a peer; the round trip is the reported latency. */
export const PING_INTERVAL_MS = 15_000;

/**
 * Ping timeout: a ping is late while a payload fills a slow line, or the peer is busy. A late ping has no
 * consequences.
 */
export const PING_TIMEOUT_MS = 60_000;

/** Interval at which each end of a connection sends a sign of life: 12 bytes, and as many back. */
export const KEEP_ALIVE_MS = 5_000;

/** A connection without a byte received for this long, three signs of life, is dead. */
export const SILENT_MS = 15_000;

/** Interval of the check for silent connections. */
export const LIVENESS_INTERVAL_MS = 2_500;

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

/** One gossip frame may carry several messages; a larger one closes the stream. */
export const MAX_GOSSIP_FRAME_BYTES = 16 * (MAX_GOSSIP_BYTES + GOSSIP_OVERHEAD_BYTES);

/** Addresses of one peer that are taken from one message. */
export const MAX_ADDRESSES = 16;

/** Number of peers that connected by themselves and left whose addresses and protocols are kept: about 3 KB each. */
export const MAX_REMEMBERED_STRANGERS = 2_048;

/** Addresses remembered for one peer. */
export const MAX_STORED_ADDRESSES = 64;

/** How long a published message's id is remembered, so that copies arriving late are dropped. */
export const SEEN_TTL_MS = 5 * 60_000;

/** How often the gossip mesh is repaired; a new node is grafted within one beat. */
export const HEARTBEAT_MS = 500;

/** Requests that one peer may start within {@link RATE_WINDOW_S}; a committee member makes a few a round. */
export const MAX_REQUESTS_PER_WINDOW = 200;

/** Requests of one peer being handled at a time, over all protocols; more are refused. */
export const MAX_REQUESTS_IN_FLIGHT = 32;

/** Bytes of gossip of any kind that one peer may send within {@link RATE_WINDOW_S}. */
export const MAX_GOSSIP_BYTES_PER_WINDOW = 2 * 1024 * 1024;

/**
 * Bytes of gossip that this node passes on within {@link RATE_WINDOW_S}: half of what a peer may send, because
 * windows of two nodes do not begin together. 60 messages a second of half a kilobyte are 1800 members' signs of
 * presence.
 */
export const MAX_PASSED_BYTES_PER_WINDOW = MAX_GOSSIP_BYTES_PER_WINDOW / 2;

/**
 * Messages that one peer may bring within {@link RATE_WINDOW_S}, copies not counted: above what a node that passes on
 * small messages up to {@link MAX_PASSED_BYTES_PER_WINDOW} can come to. A signature costs 0.1 to 0.2 ms to check, so
 * that a peer takes a twentieth of a core at most.
 */
export const MAX_JUDGED_PER_WINDOW = 2_500;

/** The window of the rates above, seconds. */
export const RATE_WINDOW_S = 10;

/** Connections of banned peers from one host in that window; beyond it the host is refused until the next window. */
export const MAX_BANNED_PER_WINDOW = 10;

/** Blame at which a peer is banned. */
export const BAN_AT = 100;

/** Half of the blame is forgotten after this long. */
export const BLAME_HALF_LIFE_MS = 2 * 60_000;

/** How long a peer that misbehaved stays banned. */
export const BAN_MS = 15 * 60_000;

/** Peers whose blame is remembered; those blamed least are forgotten first. */
export const MAX_BLAMED_PEERS = 4096;

/** Connections that a node opens to discovered peers; others may still connect to it. */
export const MAX_DISCOVERED_CONNECTIONS = 24;

/** Bans kept, in memory and on disk; a new one makes room. */
export const MAX_BANS = 4096;

/** A larger ban list on disk is not from this program: 4096 bans are under 600 KB. */
export const MAX_BAN_FILE_BYTES = 2 * 1024 * 1024;

/** How far an author's messages may overtake each other; a node publishes a few a second at most. */
export const REPLAY_WINDOW_MESSAGES = 1024;

/** Authors whose sequence numbers are remembered, at about 300 bytes each. */
export const MAX_REMEMBERED_AUTHORS = 8192;

/** Messages of one author on one topic within {@link RATE_WINDOW_S}; a node announces and tells presence once a second. */
export const MAX_TOPIC_MESSAGES_PER_WINDOW = 100;

/**
 * Amount that a point of blame takes from a gossip score. Below 1, so that blame alone leads to a ban and not to
 * gossipsub's grey list (-80), where a peer is ignored, commits no further offence, and returns once its blame has
 * halved away.
 */
export const BLAME_WEIGHT = 0.7;

/** Most that the additional score counts in a peer's gossip score, in either direction. */
export const MAX_PEER_SCORE = 50;

/** Interval of the check for lost connections. */
export const REACH_INTERVAL_MS = 2_000;

/**
 * Growth factor of the pause between two attempts to reconnect a lost peer. With attempts of 6 s themselves, a pause
 * is about a quarter of the time that the peer has been lost: the connection returns soon after a short cut.
 */
export const REACH_GROWTH = 1.5;

/** Longest pause between two attempts to reconnect a lost peer. */
export const REACH_MAX_WAIT_MS = 60_000;

/** A lost peer that was connected explicitly is tried for this long; bootstrap peers for ever. */
export const REACH_GIVE_UP_MS = 15 * 60_000;

/** Concurrent attempts to reconnect. */
export const MAX_REACHED_PEERS = 256;

/** Most peers that this node, as a relay, makes reachable. */
export const RELAY_RESERVATIONS = 64;

/**
 * Most bytes of one connection through this node as a relay. libp2p's default of 128 KiB is too small for a payload;
 * a connection that has used up its limit is opened again.
 */
export const RELAY_BYTES = 64n * 1024n * 1024n;

/** Longest duration of one relayed connection. */
export const RELAY_DURATION_MS = 30 * 60_000;
