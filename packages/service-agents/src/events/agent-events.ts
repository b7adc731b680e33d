import type { Explanation } from '@chorus/protocol';

/** How a request to an agent ended. */
export type Outcome = 'completed' | 'input-required' | 'rejected' | 'cancelled' | 'failed';

/** What the agents of a node report; `agent` is its name in addresses. */
export type AgentsEvent =
  /** Others can call it; `urls` are where. */
  | { type: 'agents.started'; agent: string; model: string; urls: readonly string[] }
  | { type: 'agents.stopped'; agent: string }
  /** It cannot be served now; the node tries again. */
  | ({ type: 'agents.failed'; agent: string; retrySeconds: number } & Explanation)
  /** The directory of the network's agents could not do its work; it goes on trying. */
  | ({ type: 'agents.directory-failed' } & Explanation)
  /** Ratings of agents could not be read; they are read again. */
  | ({ type: 'agents.reputation-failed' } & Explanation)
  /** A call was paid; the work follows. `amount` is in the token's smallest unit. */
  | { type: 'agents.paid'; agent: string; payer: string; token: string; amount: string; transaction: string }
  /** Vouchers of prepaid channels were claimed, in one transaction. */
  | {
      type: 'agents.channels-claimed';
      transaction: string;
      channels: number;
      amounts: readonly { token: string; amount: string }[];
    }
  /** They could not be claimed; that is tried again. */
  | ({ type: 'agents.claim-failed' } & Explanation)
  /** It answers with the model before, as the newer one of its task cannot be opened; that is tried again. */
  | ({ type: 'agents.behind'; agent: string; task: string } & Explanation)
  /** A document cannot be read; the agent answers without it. */
  | { type: 'agents.document'; agent: string; source: string; reason: string }
  /** The search in documents does not work as it should; the agent answers with what it finds. */
  | ({ type: 'agents.documents'; agent: string } & Explanation)
  /** One request has ended. `code` says why it failed; null if it did not. */
  | {
      type: 'agents.answered';
      agent: string;
      caller: string;
      outcome: Outcome;
      code: string | null;
      seconds: number;
    };
