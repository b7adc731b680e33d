import { formatUnits } from '@chorus/chain';
import { shellWord } from '../environment/environment.ts';

/** What is said of a task that has ended. */
export interface TaskEnd {
  taskId: string;
  /** Rounds that were begun; 0 where it found too few members. */
  round: number;
  rounds: number;
  home: string;
  /** What was not paid, in the token's smallest unit, where it is this wallet's and can be taken back. */
  remaining: string | null;
  /** Of the token; null if the chain does not say. */
  decimals: number | null;
}

/** Amounts below this part of a token are not worth a word, or a transaction. */
const WORTH_A_WORD = 10_000n;

export function worthAWord(units: string, decimals: number | null): boolean {
  if (decimals === null) return BigInt(units) > 0n;
  return BigInt(units) * WORTH_A_WORD >= 10n ** BigInt(decimals);
}

/** What a task came to, and the commands for what is left of it, which can be run as they are. */
export function endLines({ taskId, round, rounds, home, remaining, decimals }: TaskEnd): string[] {
  return [
    round === 0
      ? `task ${taskId} has ended without a round, with too few members in time or cancelled: nobody was paid`
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
