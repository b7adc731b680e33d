import {
  ChorusError,
  decodeVoteResponse,
  encodeMessage,
  fetchTimeout,
  type Hex,
  hasCode,
  hasDeparted,
  peerOf,
  type RoundContext,
  requestWindow,
  sameAddress,
  type VerdictVote,
  VOTE_PROTOCOL,
} from '@chorus/protocol';

import type { TaskSession } from '../session/task-session.ts';
import { ownVerdict, type ProposedVerdict } from './own-vote.ts';

/**
 * Ask the task's validators to sign that exactly these trainers' payloads are unavailable, exactly these references
 * are
 * rejected, and this is the commitment to the novelty row. Verdicts posted on chain count too. If there is no
 * majority in the first half of this node's window, the node asks the validators on chain, so that their fault
 * becomes visible; that costs a fee.
 *
 * @throws ChorusError `E_VOTES_MISSING` if no strict majority agrees
 */
export async function collectVotes(
  session: TaskSession,
  context: RoundContext,
  proposed: ProposedVerdict,
): Promise<VerdictVote[]> {
  const { taskId, ports } = session;
  const { task, round } = context;
  const posted = round.verdictsRequested ? await postedVotes(session, context, proposed) : [];
  // A departed validator has no vote; the majority is still one of all validators that joined.
  const present = task.activeValidators.filter((v) => !hasDeparted(task, v));
  const silent = present.filter((v) => !posted.some((p) => sameAddress(p.validator, v)));
  const needed = Math.floor(task.activeValidators.length / 2) + 1 - posted.length;
  const asks = silent.map((v) => (done: AbortSignal) => askValidator(session, context, proposed, v, done));
  const { given, failed } = await firstAnswers(asks, needed);
  const votes = [...posted, ...given];
  if (votes.length * 2 > task.activeValidators.length) return votes;
  const window = round.verdictsRequested ? null : requestWindow(task, round, ports.chain.account);
  const now = await ports.chain.now();
  if (window && window.from <= now && now < window.to) {
    await ports.chain.requestVerdicts(taskId, round.round).catch((error) => {
      if (!hasCode(error, 'E_CHAIN_ALREADY_DONE')) throw error;
    });
  }
  throw new ChorusError('E_VOTES_MISSING', 'no majority of the validators confirms the verdict', {
    facts: { taskId, round: round.round, votes: votes.length, refusals: failed.map(String).join('; ') },
    hint: 'the node looks for payloads and public vectors again, and asks the validators again',
  });
}

/**
 * The answers of the validators, until there are `enough`: a slow validator must not use up the window of an
 * aggregator that has the votes of the others.
 */
async function firstAnswers<T>(
  asks: ((done: AbortSignal) => Promise<T>)[],
  enough: number,
): Promise<{ given: T[]; failed: unknown[] }> {
  const given: T[] = [];
  const failed: unknown[] = [];
  if (enough <= 0) return { given, failed };
  const done = new AbortController();
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const all = asks.map(async (ask) => {
    try {
      given.push(await ask(done.signal));
      if (given.length >= enough) reach();
    } catch (error) {
      failed.push(error);
    }
  });
  await Promise.race([reached, Promise.all(all)]);
  // Later answers are ignored.
  const result = { given: [...given], failed: [...failed] };
  done.abort();
  return result;
}

async function postedVotes(
  session: TaskSession,
  { round }: RoundContext,
  proposed: ProposedVerdict,
): Promise<VerdictVote[]> {
  const { chain } = session.ports;
  const posted = await chain.postedVerdicts(session.taskId, round.round);
  return posted.map(({ vote }) => vote).filter((vote) => chain.isVerdictOf(vote, round, proposed));
}

async function askValidator(
  session: TaskSession,
  context: RoundContext,
  proposed: ProposedVerdict,
  validator: `0x${string}`,
  done: AbortSignal,
): Promise<VerdictVote> {
  const { taskId, ports, signal } = session;
  const request = { taskId, round: context.round.round, ...proposed };
  if (sameAddress(validator, ports.chain.account)) {
    const own = await ownVerdict(session, context, proposed);
    if ('refused' in own) throw new ChorusError('E_VOTES_MISSING', own.refused);
    return own;
  }
  const [peer] = peerOf(context.members, validator);
  if (!peer) throw new ChorusError('E_VOTES_MISSING', 'a validator has no known peer');
  const bytes = await ports.network.request(peer, VOTE_PROTOCOL, encodeMessage(request), {
    // The validator looks for the payloads itself before it signs.
    timeoutMs: fetchTimeout(context.task) + 5_000,
    maxResponseBytes: 1024,
    signal: AbortSignal.any([signal, done]),
  });
  const response = decodeVoteResponse(bytes);
  if ('refused' in response) {
    throw new ChorusError('E_VOTES_MISSING', `a validator refuses: ${response.refused}`);
  }
  const { lossBefore, lossAfter } = response;
  const vote = { validator, lossBefore, lossAfter, signature: response.signature as Hex };
  if (ports.chain.isVerdictOf(vote, context.round, proposed)) return vote;
  throw new ChorusError('E_VOTES_MISSING', 'a validator signed another verdict, or on other commitments');
}
