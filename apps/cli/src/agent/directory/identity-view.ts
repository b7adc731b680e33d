import type { AgentIdentityDocument, ReputationDocument } from '@chorus/admin-api';
import { IDENTITY_LINK_TEXTS } from '@chorus/admin-api/words';
import colors from 'yoctocolors';
import { offerLines } from '../../market/asks/offer-view.ts';
import { fields } from '../../output/print.ts';
import { termsText } from '../../revenue/view.ts';
import { scoreText } from './reputation-view.ts';

type Link = AgentIdentityDocument['links'][number];

/** Who an agent is, as lines: what was found, and every link of the way with its tick. */
export function identityLines(agent: AgentIdentityDocument, reputation: ReputationDocument | null): string[] {
  const { agentId, title, description, owner, wallet, url, registry, skills, links, proven, till, offers } =
    agent;
  const known: [string, string | null][] = [
    ['agent', `${agentId}${title === null ? '' : ` (${title})`}`],
    ['description', description || null],
    ['skills', skills.map(({ id }) => id).join(', ') || null],
    ['owner', owner],
    ['wallet', wallet],
    ['divides', till && termsText(till)],
    ['rated', reputation && scoreText(reputation)],
    ['registry', `${registry.address} on chain ${registry.chainId}`],
    ['over libp2p', url],
  ];
  return [
    fields(known.flatMap(([name, value]) => (value === null ? [] : [[name, value] as [string, string]]))),
    '',
    ...links.map(linkLine),
    ...(offers.length > 0 ? ['', colors.bold('Offers'), ...offers.flatMap(offerLines)] : []),
    '',
    proven
      ? `${colors.green('Every link holds.')} Who answers is proven; what it answers is its own word.`
      : colors.yellow('Not every link holds: do not rely on who this is.'),
  ];
}

function linkLine({ name, holds, says }: Link): string {
  const tick = holds === true ? colors.green('✓') : holds === false ? colors.red('✗') : colors.dim('–');
  return `  ${tick} ${IDENTITY_LINK_TEXTS[name].padEnd(44)} ${colors.dim(says)}`;
}
