/**
 * Tables of the rotary embedding (Su et al. 2021, arXiv:2104.09864): angle of place p and pair i is
 * p / (base^(2 i / headSize) factors_i).
 *
 * @param factors [headSize / 2]: what the frequency of each pair is divided by (Llama 3.1); null for nothing
 * @returns cosines and sines, each [places, headSize / 2], row-major
 */
export function rotaryTables(
  places: number,
  headSize: number,
  base: number,
  factors: Float32Array | null,
): { cos: Float32Array; sin: Float32Array } {
  const half = headSize / 2;
  const cos = new Float32Array(places * half);
  const sin = new Float32Array(places * half);
  for (let place = 0; place < places; place++) {
    for (let i = 0; i < half; i++) {
      const angle = (place * base ** (-i / half)) / (factors?.[i] ?? 1);
      cos[place * half + i] = Math.cos(angle);
      sin[place * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
