import {
  G1_INFINITY,
  type G1Point,
  type RoundContext,
  type RoundState,
  type RoundVerdict,
  sameG1,
  type VerdictFindings,
  type VerdictVote,
} from '@chorus/protocol';
import { type PayloadChecks, sameIndices } from '../checks/check-payloads.ts';
import { headOf, lookAgain, lossesOf, signedIn } from '../checks/payload-checks.ts';
import type { TaskSession } from '../session/task-session.ts';

/** The verdict that an aggregator wants signed. */
export type ProposedVerdict = VerdictFindings;

/** This node's signature under a proposed verdict, or the reason for its refusal. */
export async function ownVerdict(
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

/** Recorded before it leaves this node, like everything that binds it. */
export async function signVerdict(
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
      : `the payload of trainer ${at + 1} is not available here`;
  }
  if (sameIndices(found.rejected, proposed.rejected)) return null;
  return `the references to reject are [${found.rejected}] here`;
}

/**
 * Why this node does not sign a commitment to the novelty: its own differs, even after another search for missing
 * public vectors.
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
  return `the novelty differs here${lacking}`;
}

/** C_v as this node computes it; infinity if no reference counts. */
export async function noveltyOf(
  session: TaskSession,
  context: RoundContext,
  found: PayloadChecks,
  again = false,
): Promise<G1Point> {
  if (found.references.length === 0) return { ...G1_INFINITY };
  return (await headOf(session, context, found, again)).novelty;
}
