import { ChorusError } from '@chorus/protocol';

/** Longest name, in characters; it is part of URLs and of a folder's name. */
const LONGEST = 40;
const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/**
 * The name of an agent in addresses: as given, or made of its title.
 * @throws ChorusError `E_AGENT_NAME` if it is not one, or nothing of the title can be part of one
 */
export function agentName(title: string, given?: string): string {
  const name = given ?? slugOf(title);
  if (name.length <= LONGEST && NAME.test(name)) return name;
  throw new ChorusError('E_AGENT_NAME', 'this cannot be the name of an agent in addresses', {
    facts: { name: name.slice(0, 2 * LONGEST), longest: LONGEST },
    hint: 'choose one with --name: lower-case letters, digits and hyphens',
  });
}

/** "Harbour guide (Gdynia)" becomes `harbour-guide-gdynia`. */
function slugOf(title: string): string {
  const plain = title.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST)
    .replaceAll(/^-+|-+$/g, '');
}
