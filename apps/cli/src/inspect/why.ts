import { measuredCosine, type RoundExplanation, referenceLength, toCosine } from '@chorus/inspector';
import { paidShares, SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import colors from 'yoctocolors';
import { heading, integer, percent, roundedTokens, table, wrap } from '../output/table.ts';
import type { OpenedNetwork } from './open.ts';
import { epsilonByTerms, privacyLines } from './privacy.ts';
import { cosineText, projectionSteps, trustSteps } from './why-steps.ts';

/** Denominator of the gate of `reference-projection`. */
const GATE_ONE = 256;

type Names = Pick<OpenedNetwork, 'nameOf' | 'privacy'>;

/** What `chorus why --json` prints: a round, and each trainer's arithmetic (or one trainer's alone). */
export function whyDocument(names: Names, explanation: RoundExplanation, only: number | null) {
  const { task, settled, money, result, round } = explanation;
  const indices = task.trainers.map((_, i) => i).filter((i) => only === null || i === only);
  return {
    task: task.id,
    round: settled.round,
    rule: explanation.rule,
    transaction: settled.transaction,
    agreesWithChain: explanation.agrees,
    matrixIsProven: explanation.gram === null ? null : true,
    paidAsAgreed: explanation.paidAsAgreed,
    missing: explanation.missing,
    references: explanation.references,
    decimals: explanation.decimals,
    money: {
      budget: money.budget,
      protocolFee: money.protocolFee,
      aggregatorFee: money.aggregatorFee,
      validatorFee: money.validatorFee,
      pool: money.pool,
    },
    privacy: {
      terms: explanation.terms?.privacy ?? null,
      epsilon: explanation.terms && epsilonByTerms(explanation.terms, task.rounds),
      node: names.privacy,
    },
    medians: result && {
      norm: result.explanation.medianNorm,
      cosine: result.explanation.medianCosine,
    },
    totals: result && { mass: result.explanation.totalMass, score: result.explanation.totalScore },
    trainers: indices.map((i) => ({
      row: i + 1,
      address: task.trainers[i],
      name: names.nameOf(task.trainers[i]!),
      committed: round.updates[i] != null,
      unavailable: settled.unavailable.includes(i),
      cid: explanation.cids[i] ?? null,
      measured: explanation.measured[i] ?? null,
      arithmetic: result?.explanation.rows[i] ?? null,
      chain: {
        weight: settled.weights[i],
        share: settled.shares[i],
        reward: settled.rewards[i],
      },
      computedReward: money.rewards[i],
      reason: explanation.reasons[i] ?? null,
    })),
  };
}

/** All trainers of a round side by side. */
export function whyRound(names: Names, explanation: RoundExplanation): string {
  const { task, settled, result, gram, rule } = explanation;
  const width = Math.max(...task.trainers.map((address) => names.nameOf(address).length));
  const rows = task.trainers.map((address, i) => {
    const row = result?.explanation.rows[i];
    const measured = explanation.measured[i];
    // A trainer without an update has no numbers; without the matrix, no trainer's numbers are known here.
    const none = row ? '-' : '?';
    const present = row?.present ? row : null;
    const last =
      present && ('trust' in present ? percent(present.trust, WEIGHT_ONE) : percent(present.gate, GATE_ONE));
    return [
      i + 1,
      names.nameOf(address),
      measured ? integer(measured.dot) : none,
      measured ? integer(measured.norm) : none,
      present ? percent(present.clip, WEIGHT_ONE) : none,
      present && gram ? cosineText(measuredCosine(gram, rule, i)) : none,
      last ?? none,
      percent(settled.weights[i]!, WEIGHT_ONE),
      percent(settled.shares[i]!, SHARE_ONE),
      roundedTokens(settled.rewards[i]!, explanation.decimals),
    ];
  });
  const last = result?.explanation.rule === 'reference-projection' ? 'new' : 'trust';
  const head = ['row', 'trainer', 'dot', 'norm', 'clip', 'cosine', last, 'weight', 'share', 'reward'];
  return [
    title(explanation),
    table(head, rows, { right: [0, 2, 3, 4, 5, 6, 7, 8, 9] }),
    ...(result && gram
      ? [
          `median norm ${integer(result.explanation.medianNorm)}, median cosine ${cosineText(toCosine(result.explanation.medianCosine, referenceLength(gram, rule)))}; ` +
            'cosine: from -1 to 1, with the sum of the references; 1 is their direction',
        ]
      : []),
    moneyLine(explanation),
    ...privacyOf(names, explanation),
    '',
    ...task.trainers.flatMap((address, i) => {
      const reason = explanation.reasons[i];
      if (!reason) return [];
      const name = names.nameOf(address);
      return [wrap(`${name.padEnd(width)}  ${reason}`, width + 2).replace(name, colors.bold(name))];
    }),
    ...(explanation.reasons.length > 0 ? [''] : []),
    ...conclusion(explanation),
  ].join('\n');
}

/** One trainer, formula by formula with the numbers in place. */
export function whyTrainer(names: Names, explanation: RoundExplanation, index: number): string {
  const { task, settled, result, gram, money, decimals } = explanation;
  const address = task.trainers[index]!;
  const row = result?.explanation.rows[index];
  const cid = explanation.cids[index];
  const steps: string[][] = [];
  if (row?.present && gram && result) {
    const { explanation: computed } = result;
    steps.push(
      ...(computed.rule === 'reference-trust'
        ? trustSteps(computed, gram, index)
        : projectionSteps(computed, gram, index)),
    );
  } else {
    const [weight, share] = [settled.weights[index]!, settled.shares[index]!];
    steps.push(['weight', 'on chain', integer(weight), `${percent(weight, WEIGHT_ONE)} of the aggregate`]);
    steps.push(['share', 'on chain', integer(share), percent(share, SHARE_ONE, 4)]);
  }
  steps.push(
    ...minimumStep(explanation, index),
    ['pool', 'round budget - fees', integer(money.pool), tokens(money.pool, decimals)],
    [
      colors.bold('reward'),
      'floor(pool * share / 2^32)',
      colors.bold(integer(settled.rewards[index]!)),
      colors.bold(tokens(settled.rewards[index]!, decimals)),
    ],
  );
  return [
    title(explanation),
    '',
    `${heading(names.nameOf(address))}  ${address}, row ${index + 1}`,
    ...(cid ? [colors.dim(`its update: ${cid}`)] : []),
    table(['', 'how', 'number', ''], steps, { right: [2] }),
    moneyLine(explanation),
    ...privacyOf(names, explanation),
    '',
    ...(explanation.reasons[index] ? [wrap(explanation.reasons[index]), ''] : []),
    ...conclusion(explanation),
  ].join('\n');
}

/** The task's minimum share, if it has one: a smaller share is not paid. */
function minimumStep({ task, settled, round }: RoundExplanation, index: number): string[][] {
  if (task.minShareBps === 0) return [];
  const included = round.updates.filter((update, i) => update && !settled.unavailable.includes(i)).length;
  const share = settled.shares[index]!;
  const [paid] = paidShares([share], included, task.minShareBps);
  const least = Math.ceil((task.minShareBps * SHARE_ONE) / (included * 10_000));
  const how = `${percent(task.minShareBps, 10_000)} of an equal share of ${included}`;
  return [
    ['least share', how, integer(least), paid === 0 && share > 0 ? 'the share is below it: not paid' : ''],
  ];
}

function title({ task, settled, terms, rule }: RoundExplanation): string {
  const name = terms ? ` "${terms.name}"` : '';
  return heading(`Task ${task.id}${name}, round ${settled.round} of ${task.rounds}, rule ${rule}`);
}

const tokens = (units: bigint, decimals: number | null) =>
  `${roundedTokens(units, decimals)}${decimals === null ? '' : ' tokens'}`;

function moneyLine({ money, decimals }: RoundExplanation): string {
  const rounded = (units: bigint) => roundedTokens(units, decimals);
  const fees = [
    `protocol ${rounded(money.protocolFee)}`,
    `aggregator ${rounded(money.aggregatorFee)}`,
    `validators ${rounded(money.validatorFee)}`,
  ];
  return `round budget ${tokens(money.budget, decimals)} - ${fees.join(' - ')} = pool ${rounded(money.pool)}`;
}

const privacyOf = ({ privacy }: Names, { terms, task }: RoundExplanation) =>
  privacyLines(terms, task.rounds, privacy).map((line) => wrap(line));

function conclusion(explanation: RoundExplanation): string[] {
  const { agrees, gram, paidAsAgreed, missing } = explanation;
  const lines: string[] = [];
  if (missing !== null) {
    lines.push(
      colors.yellow(wrap(`missing here: ${missing}`)),
      'weights, shares and rewards above are from the chain; recomputing the rule needs the matrix of inner products',
    );
  }
  const say = (good: boolean | null, yes: string, no: string) => {
    if (good !== null) lines.push(good ? `${colors.green('✔')} ${yes}` : `${colors.red('✘')} ${no}`);
  };
  say(
    agrees,
    'recomputed from the matrix of inner products: the same weights and shares as on chain',
    'the weights or shares on chain differ from what the rule gives on this matrix',
  );
  if (gram) lines.push(`${colors.green('✔')} the matrix of inner products is the one that was proven`);
  say(
    paidAsAgreed,
    'the rewards on chain are these shares of the pool',
    'the rewards on chain are not these shares of the pool',
  );
  return lines;
}
