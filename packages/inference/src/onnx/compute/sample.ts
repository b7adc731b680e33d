/**
 * The next byte, drawn from a model's logits.
 * @param logits one for each byte
 * @param uniform a number in [0, 1)
 */
export function sampleByte(
  logits: Float32Array,
  { temperature, topK }: { temperature: number; topK: number },
  uniform: number,
): number {
  const ranked = Array.from(logits, (logit, byte) => ({ logit, byte })).sort(
    (a, b) => b.logit - a.logit || a.byte - b.byte,
  );
  if (temperature === 0) return ranked[0]!.byte;
  const kept = ranked.slice(0, topK);
  const most = kept[0]!.logit;
  const weights = kept.map(({ logit }) => Math.exp((logit - most) / temperature));
  let rest = uniform * weights.reduce((a, b) => a + b, 0);
  for (const [i, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return kept[i]!.byte;
  }
  return kept[0]!.byte;
}
