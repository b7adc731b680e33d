import type { TillTermsDocument } from '@chorus/admin-api';
import type { TillTerms } from '@chorus/protocol';

/** Terms of a till as the API writes them: parts in percent. */
export function termsDocument({ holdersBps, models, tools }: TillTerms): TillTermsDocument {
  return {
    holders: holdersBps / 100,
    trainers: models.map(({ id, bps }) => ({ task: id.toString(), percent: bps / 100 })),
    tools: tools.map(({ id, bps }) => ({ agent: id.toString(), percent: bps / 100 })),
  };
}
