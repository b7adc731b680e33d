import type { ChainPort, Receipt, WriteMethod } from '@chorus/protocol';

/** Called for each transaction with its purpose and the gas it used; null if it was refused. */
export type TransactionSink = (action: string, gasUsed: bigint | null) => void;

/** The methods of the port that send a transaction: one that is missing here, or sends none, does not compile. */
const WRITES = {
  registerIdentity: true,
  registerAgent: true,
  setAgentUri: true,
  giveAgentFeedback: true,
  revokeAgentFeedback: true,
  depositStake: true,
  requestUnbond: true,
  withdrawStake: true,
  createTask: true,
  topUp: true,
  cancel: true,
  join: true,
  commitUpdate: true,
  sealReference: true,
  openReference: true,
  settle: true,
  advance: true,
  requestVerdicts: true,
  postVerdict: true,
  publishPayload: true,
  contest: true,
  resolveCase: true,
  claim: true,
  leaveTask: true,
  releaseStake: true,
  refund: true,
  collectFees: true,
  requestValidation: true,
  attest: true,
  giveFeedback: true,
  sendTransfer: true,
  setTillTerms: true,
  applyTillTerms: true,
  collectTill: true,
  withdrawFromTills: true,
  claimRoyalties: true,
  launchUnits: true,
  buyUnits: true,
  sellUnits: true,
  claimUnitRevenue: true,
  delegateVotes: true,
  propose: true,
  castVote: true,
  queueProposal: true,
  executeProposal: true,
  createJob: true,
  setJobProvider: true,
  setJobBudget: true,
  fundJob: true,
  submitJob: true,
  completeJob: true,
  rejectJob: true,
  refundJob: true,
  setJobPayout: true,
  acceptJob: true,
  giveUpJob: true,
  disputeJob: true,
  defendJob: true,
  drawJury: true,
  commitVote: true,
  revealVote: true,
  decideDispute: true,
  settleJob: true,
  takeSeat: true,
  leaveSeat: true,
  withdrawFromMarket: true,
  depositToChannel: true,
  claimFromChannels: true,
  startWithdrawal: true,
  finishWithdrawal: true,
  refundChannel: true,
} satisfies Record<WriteMethod<ChainPort>, true>;

/** The same chain; it reports every transaction to `sink`. */
export function meteredChain<T extends ChainPort>(chain: T, sink: TransactionSink): T {
  return new Proxy(chain, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (!Object.hasOwn(WRITES, property)) return method;
      return async (...args: unknown[]) => {
        try {
          const receipt = (await method(...args)) as Receipt;
          sink(String(property), receipt.gasUsed);
          return receipt;
        } catch (error) {
          sink(String(property), null);
          throw error;
        }
      };
    },
  });
}
