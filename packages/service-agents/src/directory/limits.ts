/** Bounds of the directory; every beacon is a stranger's. */

/** How long a beacon holds, and the time between two of an agent, seconds: one may be lost. */
export const BEACON_SECONDS = 900;
export const BEACON_INTERVAL_SECONDS = 300;

/** Time from the first beacon of an agent, or of a changed one, to the second, seconds. */
export const REPEAT_SECONDS = 30;

/** Clocks of nodes may differ by this, seconds. */
export const CLOCK_SECONDS = 60;

/** Agents that are kept, and those of one peer. */
export const MAX_AGENTS = 4_096;
export const MAX_AGENTS_PER_PEER = 64;

/** Agents that wait for their check. */
export const MAX_WAITING = 512;

/** Checks that run at a time: most of each is waiting for a stranger. */
export const CHECKS_AT_ONCE = 4;

/** Agents that are not known yet, a second, and at once: each costs requests to the chain's endpoint. */
export const NEW_AGENTS_PER_SECOND = 1;
export const NEW_AGENTS_AT_ONCE = 64;

/** An agent that has answered is asked again after this, ms; so is one that has not. */
export const PROBE_MILLISECONDS = 900_000;
export const RETRY_MILLISECONDS = 60_000;

/**
 * A peer whose agents are not what it says, as often as this, is not heard for this long, ms. Not at once: the chain's
 * endpoint of this node may be behind that of an honest peer.
 */
export const MAX_DOUBTS = 3;
export const REFUSED_MILLISECONDS = 600_000;
export const MAX_REFUSED = 1_024;
