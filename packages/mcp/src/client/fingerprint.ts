import { createHash } from 'node:crypto';
import type { ToolDescription } from '@chorus/protocol';

/**
 * The digest of all that a model is shown of a tool: name, description and schema. Equal for equal JSON, whatever the
 * order of its keys. SHA-256, 64 hex digits.
 */
export function fingerprint({ name, description, inputSchema }: ToolDescription): string {
  return createHash('sha256')
    .update(JSON.stringify(ordered({ name, description, inputSchema })))
    .digest('hex');
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, inner]) => [key, ordered(inner)]);
}
