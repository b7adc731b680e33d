import type { Address, Hex } from '@chorus/protocol';
import type { Attack } from '@chorus/service-training';
import type { AgentsReport, DemoAgent } from './agents.ts';
import type { Ledger, Slash } from './ledger.ts';

/** Where the seconds of a round went. The stages of different nodes overlap, so they do not add up to `total`. */
export interface RoundSeconds {
  /** From the start of the round on chain to its settlement. */
  total: number;
  /** Slowest trainer or validator. */
  train: number;
  commit: number;
  aggregate: number;
  prove: number;
  settle: number;
  /** Slowest node computing the next model, at the beginning of the next round. */
  recompute: number;
  /** Time that was neither training nor committing nor proving. */
  overhead: number;
}

export interface TrainerResult {
  id: string;
  address: Address;
  attack: Attack | null;
  /** As fractions of one, and as the integers on chain (of 2^16 and of 2^32). */
  weight: number;
  share: number;
  weightUnits: number;
  shareUnits: number;
  /** In the token's smallest unit. */
  reward: string;
  reason: string;
}

export interface RoundResult {
  round: number;
  /** On the test data, of the model after this round. */
  accuracy: number;
  loss: number;
  seconds: RoundSeconds;
  gas: number;
  transaction: Hex;
  /** Result of checking the proof on chain again here: ok, or the first check that failed. */
  proof: 'ok' | string;
  /** Nodes that reported the same model, bit for bit, of all that reported one. */
  agreement: { same: number; of: number };
  trainers: TrainerResult[];
}

/** The result of the demo, as `--json` prints it. Amounts are decimal strings of the smallest unit. */
export interface DemoReport {
  task: { id: string; chainId: number; contract: Address; token: Address };
  model: { name: string; dimension: number };
  data: { source: string; isText: boolean; test: number; split: string };
  /** Of the model before the first round, on the test data. */
  initial: { accuracy: number; loss: number };
  finalAccuracy: number;
  rounds: RoundResult[];
  ledger: Ledger;
  /** Members that lost stake, and the offence. */
  slashes: Slash[];
  modelOpensCommitment: boolean;
  /** The final model on IPFS, as `chorus model verify` takes it. */
  modelCid: string | null;
  /** Share of all trainers' rewards that went to attackers. */
  attackersShare: number;
  /** What the agents did; null if there were none. */
  agents: DemoAgent[] | null;
  agentCall: AgentsReport['answer'] | null;
  agentLedger: AgentsReport['ledger'] | null;
  /** What those who trained the model were paid for its use; null if no agent used it. */
  royalties: AgentsReport['royalties'] | null;
  seconds: number;
  /** Folder in which --keep has kept the network. */
  folder: string | null;
}
