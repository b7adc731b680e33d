import type { Address, Hex } from '@chorus/protocol';

/** The name of the capability that a service with jobs gives to one that trades. */
export const MARKET_JOBS = 'market-jobs';

/** What trading needs of the jobs of a node. Methods throw ChorusError of the chain. */
export interface MarketJobsPort {
  /**
   * Create a job that validators decide, and pay its budget into escrow.
   * @returns its number; it is among {@link MarketJobsPort.own} before anything is paid
   */
  place(job: {
    provider: Address;
    token: Address;
    budget: bigint;
    /** Until it expires. */
    seconds: number;
    description: string;
  }): Promise<bigint>;
  /** Numbers of the latest jobs that this wallet has to do with, the newest first. */
  own(): bigint[];
  /** As the client: take back a job that is not funded. */
  cancel(jobId: bigint): Promise<void>;
  /** As the provider: have the budget go back to the client. */
  giveUp(jobId: bigint): Promise<void>;
  /** Keep a file for others. @returns the digest that names it on chain */
  storeFile(name: string, bytes: Uint8Array): Promise<Hex>;
  /** As the provider: hand in. @param till of the agent that is paid; null: this wallet */
  submit(jobId: bigint, deliverable: Hex, till: bigint | null): Promise<void>;
  /** The work on a job is the node's: its owner is not reminded of it. */
  automatic(jobId: bigint): void;
}
