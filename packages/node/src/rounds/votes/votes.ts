import {
  ChorusError,
  committedTrainers,
  decodeVoteResponse,
  encodeMessage,
  G1_INFINITY,
  type G1Point,
  type Hex,
  hasCode,
  hasDeparted,
  openedReferences,
  type RoundState,
  type RoundVerdict,
  requestWindow,
  sameAddress,
  sameG1,
  type VerdictFindings,
  type VerdictVote,
  VOTE_PROTOCOL,
  type VoteRequest,
  type VoteResponse,
} from '@chorus/protocol';
import { fetchTimeout, peerOf, type RoundContext } from '../../context/round-context.ts';
import { type PayloadChecks, sameIndices } from '../checks/check-payloads.ts';
import { headOf, lookAgain, lossesOf, signedIn } from '../checks/payload-checks.ts';
import type { TaskSession } from '../session/task-session.ts';

/** What an aggregator wants signed. */
export type ProposedVerdict = VerdictFindings;

/**
 * Ask the task's validators to sign that exactly these trainers' payloads cannot be had, exactly these references are to
 * be rejected, and this is the commitment to the novelty row. Verdicts that were posted on chain count as well. If no
 * majority comes together in the first half of this node's window, the validators are asked on chain, so that the fault
 * is seen to be theirs; that costs a fee.
 *
 * @throws ChorusError `E_VOTES_MISSING` where no strict majority agrees
 */
export async function collectVotes(
  session: TaskSession,
  context: RoundContext,
  proposed: ProposedVerdict,
): Promise<VerdictVote[]> {
  const { taskId, ports } = session;
  const { task, round } = context;
  const posted = round.verdictsRequested ? await postedVotes(session, context, proposed) : [];
  // The word of a validator that has departed is none; the majority is one of all that joined all the same.
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
  throw new ChorusError('E_VOTES_MISSING', 'the validators do not confirm the verdict', {
    facts: { taskId, round: round.round, votes: votes.length, refusals: failed.map(String).join('; ') },
    hint: 'payloads and public vectors are looked for again, and the validators asked again',
  });
}

/**
 * The answers of those that are asked, until there are `enough`: a validator that takes its time must not use up the
 * window of an aggregator that has the votes of the others.
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
  // Whatever comes from now on is not looked at.
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

/** This node's signature under a proposed verdict, or why it does not agree. */
async function ownVerdict(
  session: TaskSession,
  context: RoundContext,
  proposed: ProposedVerdict,
): Promise<VerdictVote | { refused: string }> {
  const known = signedIn(session, context.round).get(keyOf(proposed));
  if (known) return known;
  // It has looked for the payloads since commitments closed; before it signs it looks once more, briefly.
  const found = await lookAgain(session, context);
  const difference =
    differenceOf(context, found, proposed) ??
    (await noveltyDifference(session, context, found, proposed.novelty));
  if (difference) return { refused: difference };
  const losses = await lossesOf(session, context, found);
  return signVerdict(session, context.round, { ...proposed, ...losses });
}

const keyOf = ({ unavailable, rejected, novelty }: ProposedVerdict): string =>
  `${unavailable}/${rejected}/${novelty.x}/${novelty.y}`;

/** Recorded before it leaves this node, as everything that binds it. */
async function signVerdict(
  session: TaskSession,
  judged: RoundState,
  verdict: RoundVerdict,
): Promise<VerdictVote> {
  const { taskId, ports, journal } = session;
  const step = { taskId, round: judged.round, step: 'vote' } as const;
  const vote = await journal.act(step, { ...verdict }, () => ports.chain.signVerdict(judged, verdict));
  signedIn(session, judged).set(keyOf(verdict), vote);
  return vote;
}

function differenceOf(
  { task }: RoundContext,
  found: PayloadChecks,
  proposed: ProposedVerdict,
): string | null {
  const at = task.trainers.findIndex(
    (_, i) => found.unavailable.includes(i) !== proposed.unavailable.includes(i),
  );
  if (at >= 0) {
    return proposed.unavailable.includes(at)
      ? 'a payload of the list is available here'
      : `the payload of trainer ${at + 1} cannot be had here`;
  }
  if (sameIndices(found.rejected, proposed.rejected)) return null;
  return `the references to reject are [${found.rejected}] here`;
}

/**
 * Why this node does not sign a commitment to the novelty: it comes to another one, also after it has looked once more
 * for the public vectors that it lacks.
 */
async function noveltyDifference(
  session: TaskSession,
  context: RoundContext,
  found: PayloadChecks,
  proposed: G1Point,
): Promise<string | null> {
  if (sameG1(await noveltyOf(session, context, found), proposed)) return null;
  if (sameG1(await noveltyOf(session, context, found, true), proposed)) return null;
  if (found.references.length === 0) return 'no reference counts here';
  const { missing } = await headOf(session, context, found);
  const lacking = missing.length > 0 ? `: not available here are ${missing.slice(0, 3).join(', ')}` : '';
  return `the novelty is another here${lacking}`;
}

/** C_v as this node computes it; infinity where no reference counts. */
async function noveltyOf(
  session: TaskSession,
  context: RoundContext,
  found: PayloadChecks,
  again = false,
): Promise<G1Point> {
  if (found.references.length === 0) return { ...G1_INFINITY };
  return (await headOf(session, context, found, again)).novelty;
}

/**
 * A validator's side: look for every committed payload and opened reference, compute the novelty row, and sign only
 * where exactly the named ones cannot be had or do not count and the commitment is to the same row. Its signature is what stands between the round and a trainer that colludes with
 * the aggregator: the proof says nothing of whether a commitment is to an int16 vector that anyone else can get.
 *
 * @param modelRound the round this node's model has come to; it can measure losses only of the round after it
 */
export async function answerVoteRequest(
  session: TaskSession,
  known: RoundContext,
  request: VoteRequest,
  from: string,
  modelRound: number,
): Promise<VoteResponse> {
  if (!known.members.some((m) => m.peerId === from && m.roles.includes('aggregator'))) {
    return { refused: 'only aggregators of the task may ask' };
  }
  // The aggregator may have seen the phase begin a moment before this node has.
  const seen = known.round.round === request.round && known.round.phase === 'settle';
  const round = seen ? known.round : await session.ports.chain.round(session.taskId, request.round);
  if (round.phase !== 'settle') return { refused: 'not in the settle phase of this round' };
  if (modelRound !== request.round - 1) return { refused: 'the model here is of another round' };
  const context = { ...known, round };
  const committed = committedTrainers(round);
  if (request.unavailable.some((index) => !committed.includes(index))) {
    return { refused: 'a trainer of the list committed nothing' };
  }
  const opened = openedReferences(round).map((r) => r.index);
  if (request.rejected.some((index) => !opened.includes(index))) {
    return { refused: 'a validator of the list opened nothing' };
  }
  const { unavailable, rejected, novelty } = request;
  return ownVerdict(session, context, {
    novelty,
    unavailable: [...unavailable].sort((a, b) => a - b),
    rejected: [...rejected].sort((a, b) => a - b),
  });
}

/** As a validator, after verdicts were asked for on chain: post what this node finds. */
export async function postVerdict(session: TaskSession, context: RoundContext): Promise<void> {
  const found = await lookAgain(session, context);
  const { unavailable, rejected } = found;
  const novelty = await noveltyOf(session, context, found);
  const verdict = { unavailable, rejected, novelty, ...(await lossesOf(session, context, found)) };
  const vote = await signVerdict(session, context.round, verdict);
  await session.ports.chain.postVerdict(session.taskId, context.round.round, verdict, vote);
}
