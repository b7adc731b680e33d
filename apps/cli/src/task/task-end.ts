import { formatUnits } from '@chorus/chain';
import { shellWord } from '../environment/environment.ts';

/** Facts about a task that has ended. */
export interface TaskEnd {
  taskId: string;
  /** Number of rounds begun; 0 if too few members joined. */
  round: number;
  rounds: number;
  home: string;
  /** What was not paid, in the token's smallest unit, if it belongs to this wallet and can be refunded. */
  remaining: string | null;
  /** Of the token; null if the chain does not say. */
  decimals: number | null;
}

/** Smaller amounts than this part of a token are neither reported nor refunded. */
const WORTH_A_WORD = 10_000n;

export function worthAWord(units: string, decimals: number | null): boolean {
  if (decimals === null) return BigInt(units) > 0n;
  return BigInt(units) * WORTH_A_WORD >= 10n ** BigInt(decimals);
}

/** The outcome of a task, and complete commands for its model and its refund. */
export function endLines({ taskId, round, rounds, home, remaining, decimals }: TaskEnd): string[] {
  return [
    round === 0
      ? `task ${taskId} has ended without a round, because too few members joined in time or it was cancelled: no one was paid`
      : `task ${taskId} has ended after round ${round} of ${rounds}`,
    ...(round === 0
      ? []
      : [`its model: chorus model get --home ${shellWord(home)} --task ${taskId} -o model.onnx`]),
    ...(remaining === null || !worthAWord(remaining, decimals)
      ? []
      : [
          `${decimals === null ? `${remaining} of the token's smallest unit` : `${formatUnits(remaining, decimals)} tokens`} were not paid: chorus task refund ${taskId} --home ${shellWord(home)}`,
        ]),
  ];
}
