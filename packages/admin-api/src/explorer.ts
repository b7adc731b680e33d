/**
 * What a node shows to everyone if its owner switches the explorer on: answers of the admin API, without what they say of
 * the node itself.
 *
 * @packageDocumentation
 */
import type { z } from 'zod';
import type { agentIdentitySchema, directoryListSchema } from './documents/directory.ts';
import type { reputationSchema } from './documents/feedback.ts';
import type { governanceSchema, parametersSchema } from './documents/governance.ts';
import type { proposalDetailSchema, proposalListSchema, proposalSchema } from './documents/proposals.ts';
import type { tillSchema } from './documents/revenue.ts';
import type { roundProofSchema } from './documents/round-proof.ts';
import type { roundListSchema, roundSummarySchema, settledRoundsSchema } from './documents/rounds.ts';
import type { taskDetailSchema, taskListSchema, taskSummarySchema } from './documents/tasks.ts';
import { agentEndpoints } from './endpoints/agents.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { feedbackEndpoints } from './endpoints/feedback.ts';
import { governanceEndpoints } from './endpoints/governance.ts';
import { revenueEndpoints } from './endpoints/revenue.ts';
import { roundEndpoints } from './endpoints/rounds.ts';
import { taskEndpoints } from './endpoints/tasks.ts';

export { EXPLORER_PATH } from './words/explorer-path.ts';

/** An endpoint that everyone may read, and how its answer is made one that says nothing of this node. */
export interface ExplorerEndpoint {
  endpoint: Endpoint;
  redact: (document: never) => object;
}

const shown = <S extends z.ZodType<object>>(
  endpoint: Endpoint,
  redact: (document: z.output<S>) => z.output<S> = (document) => document,
): ExplorerEndpoint => ({ endpoint, redact });

type Task = z.output<typeof taskSummarySchema>;
const NOBODY = `0x${'00'.repeat(20)}`;

/** A task as one who has no part in it sees it. */
const ofTask = <T extends Task>(task: T): T => ({
  ...task,
  ...{ roles: [], owner: false, duty: null, activity: null, stake: '0', leaving: false },
});

/** That a round has ended, and how: not what this node had of it. */
const ofRound = (round: z.output<typeof roundSummarySchema>): typeof round => ({
  ...round,
  ...{ trainer: null, weight: null, share: null, reward: '0', fee: '0', reason: null, stageSeconds: {} },
});

const ofProposal = <P extends z.output<typeof proposalSchema>>(proposal: P): P => ({
  ...proposal,
  wallet: { weight: null, voted: false },
});

/** All that the explorer reads. Anything else that a node answers stays with its owner. */
export const EXPLORER_ENDPOINTS: readonly ExplorerEndpoint[] = [
  shown<typeof taskListSchema>(taskEndpoints.tasks, ({ tasks }) => ({
    tasks: tasks.map(ofTask),
    refused: [],
  })),
  shown<typeof taskDetailSchema>(taskEndpoints.task, (task) => ({ ...ofTask(task), computedThrough: null })),
  shown<typeof roundListSchema>(roundEndpoints.rounds, ({ rounds }) => ({ rounds: rounds.map(ofRound) })),
  shown<typeof settledRoundsSchema>(roundEndpoints.settledRounds),
  shown<typeof roundProofSchema>(roundEndpoints.roundProof, (proof) => ({
    ...proof,
    // An error of the node, with a hint for its owner.
    missing: proof.missing === null ? null : 'they were not found',
  })),
  shown<typeof directoryListSchema>(agentEndpoints.findAgents),
  shown<typeof agentIdentitySchema>(agentEndpoints.inspectAgent),
  shown<typeof reputationSchema>(feedbackEndpoints.reputation, (reputation) => ({
    ...reputation,
    feedback: reputation.feedback.map((each) => ({ ...each, own: false })),
  })),
  shown<typeof tillSchema>(revenueEndpoints.till),
  shown<typeof governanceSchema>(governanceEndpoints.governance, (governance) => ({
    ...governance,
    wallet: { account: NOBODY, balance: '0', delegate: null, votes: '0' },
  })),
  shown<typeof parametersSchema>(governanceEndpoints.parameters),
  shown<typeof proposalListSchema>(governanceEndpoints.proposals, (list) => ({
    ...list,
    proposals: list.proposals.map(ofProposal),
  })),
  shown<typeof proposalDetailSchema>(governanceEndpoints.proposal, ofProposal),
];
