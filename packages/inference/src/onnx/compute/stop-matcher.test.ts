import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StopMatcher } from './stop-matcher.ts';

/** What a reader sees of a text, and whether it was stopped. */
function shown(text: string, stops: readonly string[]): { text: string; stopped: boolean } {
  const matcher = new StopMatcher(stops);
  const bytes: number[] = [];
  for (const byte of new TextEncoder().encode(text)) {
    const pushed = matcher.push(byte);
    bytes.push(...pushed.bytes);
    if (pushed.stopped) return { text: new TextDecoder().decode(Uint8Array.from(bytes)), stopped: true };
  }
  bytes.push(...matcher.rest());
  return { text: new TextDecoder().decode(Uint8Array.from(bytes)), stopped: false };
}

it('a text is shown up to the stop text that is complete first', () => {
  const stop = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 30 });
  fc.assert(
    fc.property(text, fc.array(stop, { maxLength: 3 }), (said, stops) => {
      const ends = stops.flatMap((each) => {
        const at = said.indexOf(each);
        return at < 0 ? [] : [{ at, end: at + each.length }];
      });
      const first = Math.min(...ends.map(({ end }) => end));
      const result = shown(said, stops);
      expect(result.stopped).toBe(ends.length > 0);
      // Of several that are complete at once, any may be cut off.
      const cuts = ends.filter(({ end }) => end === first).map(({ at }) => said.slice(0, at));
      expect(ends.length > 0 ? cuts : [said]).toContain(result.text);
    }),
  );
});
