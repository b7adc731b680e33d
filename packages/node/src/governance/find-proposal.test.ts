import type { Proposal } from '@chorus/protocol';
import { expect, it } from 'vitest';
import { findProposal, shortId } from './find-proposal.ts';
import { descriptionOf, readDescription } from './proposal-text.ts';

const ALIKE = 0x12345678n << 224n;
const proposals = [0xabcd1234n << 224n, ALIKE + 1n, ALIKE + 2n, 5n].map((id) => ({ id }) as Proposal);

it('a proposal is found by its number, its id, and the beginning of its id', () => {
  const found = (reference: string) => findProposal(proposals, reference).number;
  expect(found('2')).toBe(2);
  expect(found((ALIKE + 2n).toString())).toBe(3);
  expect(found('0xabcd')).toBe(1);
  expect(found('0xABCD1234')).toBe(1);
  // Digits alone are a number, or a whole id.
  expect(found(`0x${'0'.repeat(63)}5`)).toBe(4);
  expect(found(shortId(proposals[0]!.id))).toBe(1);
});

it('a beginning that two ids share is refused with the numbers of both, and one that none has is unknown', () => {
  expect(() => findProposal(proposals, '0x12345678')).toThrow(
    expect.objectContaining({
      code: 'E_GOVERNANCE_AMBIGUOUS',
      facts: expect.objectContaining({ numbers: '2, 3' }),
    }),
  );
  for (const reference of ['0', '5', '0xabce', '12345678901234567890']) {
    expect(() => findProposal(proposals, reference), reference).toThrow(
      expect.objectContaining({ code: 'E_GOVERNANCE_UNKNOWN' }),
    );
  }
});

it('a title and a text are read back from a description, whatever others put into theirs', () => {
  expect(readDescription(descriptionOf('A fee', ' why\nso '))).toEqual({ title: 'A fee', text: 'why\nso' });
  expect(readDescription(descriptionOf('A fee', ''))).toEqual({ title: 'A fee', text: '' });
  expect(readDescription('')).toEqual({ title: '(no title)', text: '' });
  expect(readDescription('\n\n## x\r\ny\u2028z')).toEqual({ title: 'x', text: 'y z' });
  const steering = readDescription('a\u001b[2J\u202eb\nc\u0007d');
  expect(steering.title + steering.text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  const long = readDescription(`${'x'.repeat(500)}\nrest`);
  expect(long.title).toHaveLength(120);
  expect(long.text).toContain('x'.repeat(500));
});
