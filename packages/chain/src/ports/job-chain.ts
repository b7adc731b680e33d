import type { Address, Hex, JobChain, MarketTerms } from '@chorus/protocol';
import { AbiCoder, type Interface, keccak256, type Result, ZeroAddress } from 'ethers';
import { COMMERCE, EVALUATOR } from '../abi/abis.ts';
import { decodeDispute, decodeJob, OUTCOMES, VOTE_NUMBERS } from '../abi/decode-jobs.ts';
import { lower } from '../abi/lower.ts';
import type { MarketAddresses } from '../contracts/addresses.ts';
import { ChainError } from '../errors/errors.ts';
import { type Call, eventOf, eventsOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

const ZERO: Hex = `0x${'00'.repeat(32)}`;

/** The contracts of jobs. @throws ChainError `E_CHAIN_NO_MARKET` if the network has none */
async function marketOf({ marketContracts }: ChainParts): Promise<MarketAddresses> {
  const found = await marketContracts();
  if (found) return found;
  throw new ChainError('E_CHAIN_NO_MARKET', 'this network has no contracts for jobs', {
    hint: 'its contracts are from before there were any: use a newer deployment',
  });
}

/** Jobs and their disputes, in their contracts. */
export function createJobChain(parts: ChainParts): JobChain {
  const { reader, writer, connection } = parts;

  const viewOf =
    (contract: keyof MarketAddresses, abi: Interface) =>
    async (name: string, args: unknown[] = []): Promise<Result> =>
      reader.view(name, args, (await marketOf(parts))[contract], abi);
  const [jobView, disputeView] = [viewOf('commerce', COMMERCE), viewOf('evaluator', EVALUATOR)];

  const callOf =
    (contract: keyof MarketAddresses, abi: Interface) =>
    async (action: string, name: string, args: unknown[]): Promise<Call> => ({
      action,
      to: (await marketOf(parts))[contract],
      abi,
      name,
      args,
    });
  const [onJob, onDispute] = [callOf('commerce', COMMERCE), callOf('evaluator', EVALUATOR)];

  const job = async (jobId: bigint) => decodeJob(jobId, (await jobView('getJob', [jobId]))[0]);

  const payBond = async (name: 'dispute' | 'defend', jobId: bigint, digest: Hex | null) => {
    const [call, { token }, [bond]] = await Promise.all([
      onDispute(`${name} a job`, name, [jobId, digest ?? ZERO]),
      job(jobId),
      disputeView('bondOf', [jobId]),
    ]);
    return { ...receiptOf(await writer.spend(call, token, bond)), bond: bond as bigint };
  };

  return {
    marketTerms: async (): Promise<MarketTerms | null> => {
      const contracts = await parts.marketContracts();
      if (!contracts) return null;
      const [[terms], [decisionSeconds], [seats]] = await Promise.all([
        disputeView('terms'),
        disputeView('decisionSeconds'),
        disputeView('seatCount'),
      ]);
      return {
        ...contracts,
        stakeToken: lower(terms.stakeToken),
        seatStake: terms.seatStake,
        windowSeconds: Number(terms.windowSeconds),
        stepSeconds: Number(terms.stepSeconds),
        decisionSeconds: Number(decisionSeconds),
        seats: Number(seats),
      };
    },

    jobCount: async () => (await jobView('jobCount'))[0],
    job,

    jobDispute: async (jobId) => decodeDispute(await disputeView('disputeOf', [jobId])),

    createJob: async ({ token, provider, evaluator, expiredAt, description }) => {
      const args = [token, provider ?? ZeroAddress, evaluator, expiredAt, description, ZeroAddress];
      const mined = await writer.send(await onJob('create a job', 'createJobIn', args));
      return { ...receiptOf(mined), jobId: eventOf(mined, COMMERCE, 'JobCreated').jobId };
    },

    setJobProvider: async (jobId, provider) =>
      writer.receipt(await onJob('choose the provider of a job', 'setProvider', [jobId, provider, '0x'])),

    setJobBudget: async (jobId, budget) =>
      writer.receipt(await onJob('set the budget of a job', 'setBudget', [jobId, budget, '0x'])),

    fundJob: async (jobId, budget) => {
      const [call, { token }] = await Promise.all([
        onJob('fund a job', 'fund', [jobId, budget, '0x']),
        job(jobId),
      ]);
      return receiptOf(await writer.spend(call, token, budget));
    },

    submitJob: async (jobId, deliverable) =>
      writer.receipt(await onJob('submit the work of a job', 'submit', [jobId, deliverable, '0x'])),

    completeJob: async (jobId, reason) =>
      writer.receipt(await onJob('complete a job', 'complete', [jobId, reason, '0x'])),

    rejectJob: async (jobId, reason) =>
      writer.receipt(await onJob('reject a job', 'reject', [jobId, reason, '0x'])),

    refundJob: async (jobId) => writer.receipt(await onJob('refund a job', 'claimRefund', [jobId])),

    setJobPayout: async (jobId, to) => {
      const [name, target] = typeof to === 'string' ? ['setPayout', to] : ['setPayoutTill', to.agentId];
      return writer.receipt(await onJob('say where a job pays', name as string, [jobId, target]));
    },

    acceptJob: async (jobId) =>
      writer.receipt(await onDispute('accept the work of a job', 'accept', [jobId])),

    giveUpJob: async (jobId) => writer.receipt(await onDispute('give a job up', 'giveUp', [jobId])),

    disputeJob: (jobId, grounds) => payBond('dispute', jobId, grounds),

    defendJob: (jobId, answer) => payBond('defend', jobId, answer),

    drawJury: async (jobId) => {
      const mined = await writer.send(await onDispute('draw a jury', 'draw', [jobId]));
      const [drawn] = eventsOf(mined, EVALUATOR, 'JuryDrawn');
      return { ...receiptOf(mined), jury: drawn ? [...drawn.agentIds] : null };
    },

    commitVote: async (jobId, agentId, vote, salt) => {
      const { evaluator } = await marketOf(parts);
      const commitment = commitmentOf(connection.chainId, evaluator, [
        jobId,
        agentId,
        VOTE_NUMBERS[vote],
        salt,
      ]);
      return writer.receipt(await onDispute('commit to a vote', 'commit', [jobId, agentId, commitment]));
    },

    revealVote: async (jobId, agentId, vote, salt) =>
      writer.receipt(await onDispute('reveal a vote', 'reveal', [jobId, agentId, VOTE_NUMBERS[vote], salt])),

    decideDispute: async (jobId) => {
      const mined = await writer.send(await onDispute('decide a dispute', 'decide', [jobId]));
      const { outcome } = eventOf(mined, EVALUATOR, 'Decided');
      return { ...receiptOf(mined), outcome: OUTCOMES[Number(outcome)]! };
    },

    settleJob: async (jobId) => writer.receipt(await onDispute('settle a job', 'settle', [jobId])),

    seatTakenAt: async (agentId) => Number((await disputeView('seatTakenAt', [agentId]))[0]) || null,

    takeSeat: async (agentId) => writer.receipt(await onDispute('take a seat', 'takeSeat', [agentId])),

    leaveSeat: async (agentId) => writer.receipt(await onDispute('leave a seat', 'leaveSeat', [agentId])),

    owedByMarket: async (token, account) => {
      const [[payments], [bonds]] = await Promise.all([
        jobView('owed', [token, account]),
        disputeView('owed', [token, account]),
      ]);
      return { payments, bonds };
    },

    withdrawFromMarket: async (token, what) => {
      const args = [token, connection.account];
      const mined = await writer.send(
        await (what === 'bonds' ? onDispute : onJob)(`withdraw ${what} of jobs`, 'withdraw', args),
      );
      const [abi, event] =
        what === 'bonds' ? [EVALUATOR, 'BondWithdrawn'] : ([COMMERCE, 'PaymentWithdrawn'] as const);
      return { ...receiptOf(mined), amount: eventOf(mined, abi as Interface, event as string).amount };
    },
  };
}

/** As `OptimisticEvaluator.commitmentOf`: bound to the chain, the contract, the job and the seat, so that it cannot be copied. */
function commitmentOf(chainId: number, evaluator: Address, vote: unknown[]): Hex {
  const types = ['uint256', 'address', 'uint256', 'uint256', 'uint8', 'bytes32'];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [chainId, evaluator, ...vote])) as Hex;
}
