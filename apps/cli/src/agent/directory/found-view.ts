import type { DirectoryList } from '@chorus/admin-api';
import colors from 'yoctocolors';

type FoundAgent = DirectoryList['agents'][number];

/** Found agents as rows of a table. */
export function foundRows(agents: readonly FoundAgent[]): string[][] {
  return agents.map(({ agentId, score, title, skills, price, latencyMs, description, reputation }) => [
    agentId,
    score.toFixed(1),
    title,
    skills.map(({ id }) => id).join(', ') || '-',
    price?.text ?? 'free',
    reputation?.raters ? `${reputation.score} (${reputation.paid})` : '-',
    `${latencyMs} ms`,
    description,
  ]);
}

/** How a score comes about, as lines. */
export function whyLines({ agentId, title, score, parts }: FoundAgent): string[] {
  return [
    `${colors.bold(`agent ${agentId}`)} (${title}): ${score.toFixed(1)} of 100`,
    ...parts.map(({ name, weight, value, says }) => {
      const points = `${(weight * value).toFixed(1)} of ${weight}`.padStart(12);
      return `  ${colors.dim(name.padEnd(10))} ${points}  ${says}`;
    }),
  ];
}
