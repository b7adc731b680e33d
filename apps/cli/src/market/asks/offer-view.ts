import type { OfferDocument, OfferList } from '@chorus/admin-api';
import { plainJson } from '@chorus/protocol';
import colors from 'yoctocolors';
import { table } from '../../output/table.ts';
import { duration } from '../../output/units.ts';

export function offersTable({ agents }: OfferList): string {
  const rows = agents.flatMap(({ agentId, title, offers }) =>
    offers.map(({ id, kind, price, seconds, description }) => [
      ...[agentId, title, id, kind, price?.text ?? 'free', duration(seconds), description],
    ]),
  );
  if (rows.length === 0) {
    return 'This node has heard of no offers yet: agents with offers are announced within minutes (chorus peers).';
  }
  return table(['agent', 'name', 'offer', 'kind', 'price', 'within', 'what'], rows, {
    widths: [null, null, null, null, null, null, 50],
  });
}

/** An offer of a stranger's card, as lines; its schemas as JSON. */
export function offerLines(offer: OfferDocument): string[] {
  const { id, name, kind, price, seconds, open, description, input, deliverable } = offer;
  const paid = kind === 'job' ? ', which waits in escrow until the work is delivered' : ' a call';
  return [
    `${colors.bold(id)} (${name}): ${description}`,
    `  ${price === null ? 'costs nothing' : `${price.text}${paid}`}; promised within ${duration(seconds)}${kind === 'job' ? `; at most ${open} at once` : ''}`,
    `  takes ${input === null ? 'a text' : plainJson(JSON.stringify(input))}`,
    `  gives ${deliverable === null ? 'text or a file' : plainJson(JSON.stringify(deliverable))}`,
  ];
}
