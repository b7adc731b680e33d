import { random } from '@chorus/training';

/** Parts of the sentences: a small world of a few people, so that a model can learn its style from little text. */
const PEOPLE = [
  'the miller',
  'the baker',
  'the tall captain',
  'old Marta',
  'the night watchman',
  'my aunt Liesel',
];
const SAYS = ['says', 'mutters', 'sings', 'swears', 'whispers', 'writes on the door'];
const THINGS = ['the bread', 'a lantern', 'the grey goose', 'the river', 'a borrowed boat', 'the bell'];
const DEEDS = [
  'wakes before the town does',
  'must be paid for twice',
  'never forgets a face',
  'is lighter than it looks',
  'has crossed the hills alone',
  'turns with the wind',
];
const ENDS = [
  'So it goes in Oldbridge.',
  'And the clock strikes four.',
  'Nothing more is known.',
  'Mind the step.',
];

/**
 * Text in a style of its own, for demonstrations without data.
 * @param seed equal seeds give equal texts
 * @param length least characters
 */
export function generatedText(seed: number, length: number): string {
  const draw = random(seed, 0x7e87);
  const one = (words: readonly string[]): string => words[Math.floor(draw.float() * words.length)]!;
  const lines: string[] = [];
  for (let written = 0; written < length; written += lines.at(-1)!.length + 1) {
    lines.push(`${sentence(one)} ${draw.float() < 0.3 ? one(ENDS) : sentence(one)}`);
  }
  return `${lines.join('\n')}\n`;
}

function sentence(one: (words: readonly string[]) => string): string {
  const text = `${one(PEOPLE)} ${one(SAYS)} that ${one(THINGS)} ${one(DEEDS)}.`;
  return text[0]!.toUpperCase() + text.slice(1);
}
