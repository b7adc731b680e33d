import type { ListedTool } from '@chorus/mcp/client';
import type { Fingerprints } from './accepted-tools.ts';

/** How a tool stands to what the owner accepted. */
export type ToolState = 'first seen' | 'accepted' | 'new' | 'changed' | 'gone';

/**
 * Compares the tools of a server with those that were accepted.
 * @param names those that the agent may call; null: all. A changed tool that it does not call is of no interest
 */
export function compareTools(
  accepted: Fingerprints | null,
  now: readonly ListedTool[],
  names: readonly string[] | null,
): { name: string; state: ToolState }[] {
  const isWanted = (name: string) => names?.includes(name) ?? true;
  const present = now
    .filter(({ name }) => isWanted(name))
    .map(({ name, fingerprint }): { name: string; state: ToolState } => {
      if (accepted === null) return { name, state: 'first seen' };
      if (!Object.hasOwn(accepted, name)) return { name, state: 'new' };
      return { name, state: accepted[name] === fingerprint ? 'accepted' : 'changed' };
    });
  // A tool that `allow` names and the server lacks is gone too: its name may be mistyped.
  const expected = new Set([...(names ?? []), ...Object.keys(accepted ?? {}).filter(isWanted)]);
  const gone = [...expected].filter((name) => !now.some((tool) => tool.name === name));
  return [...present, ...gone.map((name) => ({ name, state: 'gone' as const }))];
}
