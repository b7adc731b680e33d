/** Content-addressed storage. Implemented by Helia, by a Kubo daemon, and in memory for tests. */
export interface StoragePort {
  /**
   * The CID `put` would give, without storing or providing anything: members commit to updates by CID before
   * anyone may read them. CIDv1, sha2-256, raw leaves of 1 MiB (see `cidFromDigest`).
   */
  cidOf(bytes: Uint8Array): Promise<string>;
  /** Store the bytes and serve them to peers from now on. Idempotent. */
  put(bytes: Uint8Array): Promise<string>;
  /**
   * Fetch a file. The content is checked against the CID.
   * @throws ChorusError `E_STORAGE_TOO_LARGE` beyond `maxBytes`, `E_STORAGE_UNAVAILABLE` if no peer gave it
   * in time, `E_CID` for text that is not a CID
   */
  get(cid: string, options: GetOptions): Promise<Uint8Array>;
  /** True if the whole file is held locally. */
  has(cid: string): Promise<boolean>;
  /** Stop holding and serving it; no effect if it is not held. */
  remove(cid: string): Promise<void>;
  close(): Promise<void>;
}

export interface GetOptions {
  /** Refuse a longer file. */
  maxBytes: number;
  /** Give up after this long; any fraction of a millisecond is rounded up. */
  timeoutMs: number;
  /** Peers that probably have it; a hint that saves a search. */
  from?: string[];
  signal?: AbortSignal;
}
