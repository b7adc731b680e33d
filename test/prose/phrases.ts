/** Phrases that readers have to parse twice, and what to write instead (the contributing guide, "Prose"). */
export const PHRASES: Readonly<Record<string, { pattern: RegExp; instead: string }>> = {
  'to be had': { pattern: /\b(?:to|can|cannot|could|may|be) (?:not )?(?:be )?had\b/gi, instead: 'available' },
  'is told': { pattern: /\b(?:is|are|was|were|be|been) told\b/gi, instead: 'is reported, is logged' },
  'is none': { pattern: /\b(?:is|are) none\b/gi, instead: 'is not one, does not exist' },
  'for people': { pattern: /\b(?:by|for) people\b/gi, instead: 'readable, for users' },
  anew: { pattern: /\banew\b/gi, instead: 'again' },
  whoever: { pattern: /\bwho(?:m|so)?ever\b/gi, instead: 'anyone who, the member that' },
  nobody: { pattern: /\bnobody\b/gi, instead: 'no one, no node, or the active voice' },
  beside: { pattern: /\bbeside\b/gi, instead: 'with, next to, in addition to, while' },
  'waited for': { pattern: /\bwaited for\b/gi, instead: 'the active voice: X waits until' },
  'looked at': { pattern: /\blooked at\b/gi, instead: 'checked, examined' },
  'taken on': { pattern: /\btak(?:en|es|ing|e) on\b/gi, instead: 'accepted, joined' },
  'so many': { pattern: /\bso many\b/gi, instead: 'that number of' },
  'of late': { pattern: /\b(?:of late|erst|wherefore|thereof|whereof)\b/gi, instead: 'recently' },
};

/** How often each phrase occurs in a text; a phrase that does not is left out. */
export function countPhrases(text: string): Record<string, number> {
  const counts = Object.entries(PHRASES).map(
    ([name, { pattern }]) => [name, [...text.matchAll(pattern)].length] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
