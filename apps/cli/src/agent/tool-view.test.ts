import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Approver } from './approval.ts';
import { citationLines } from './citation-view.ts';
import { documentLines, documentNotes } from './document-view.ts';
import { foundToolLines, toolNotes, toolsLine } from './tool-view.ts';

type Found = Parameters<typeof toolsLine>[0][number];

const tool = (state: Found['state'], change: Partial<Found> = {}): Found => ({
  server: 'files',
  name: 'read',
  description: 'Reads a file.',
  state,
  needsApproval: false,
  fingerprint: 'ab'.repeat(32),
  ...change,
});
const plain = (lines: string[]) => lines.map(stripVTControlCharacters);

describe('the tools of an agent', () => {
  it('are counted by whether the model may call them', () => {
    expect(toolsLine([])).toBe('none');
    expect(toolsLine([tool('accepted'), tool('accepted'), tool('changed'), tool('gone')])).toBe(
      '2 accepted, 2 not as you accepted them',
    );
  });

  it('are shown as the model reads them, in one line, and cut with their length', () => {
    const long = tool('accepted', {
      description: `Reads\n\n a   file. ${'x'.repeat(500)}`,
      needsApproval: true,
    });
    const [head, description, fingerprint] = plain(foundToolLines([long]));
    expect(head).toBe('read of files: accepted, asks you before each call');
    expect(description).toMatch(/^ {2}Reads a file\. x+\.\.\. \(514\)$/);
    expect(fingerprint).toBe('  fingerprint abababababababab');
  });

  it('are shown without control characters that their server has put into a name', () => {
    const evil = tool('new', { name: 'read\u001b[2J', description: '', fingerprint: null });
    expect(foundToolLines([evil]).map(stripVTControlCharacters)).toEqual(['read\ufffd[2J of files: new']);
  });

  it('that came later are named with how to accept them, and nothing is said if no tool did', () => {
    expect(toolNotes([tool('accepted'), tool('gone')])).toEqual([]);
    expect(plain(toolNotes([tool('new'), tool('new', { name: 'write' })]))).toEqual([
      expect.stringMatching(/read of files, write of files.*--accept-tools$/),
    ]);
  });
});

describe('the documents of an agent', () => {
  const documents = [
    { source: 'a.md', passages: 1, fault: null },
    { source: 'longer.pdf', passages: 0, fault: 'it is encrypted' },
  ] as unknown as Parameters<typeof documentLines>[0];

  it('are listed with their passages, or why they have none', () => {
    expect(plain(documentLines(documents))).toEqual(['a.md        1 passage', 'longer.pdf  it is encrypted']);
  });

  it('that cannot be read are a warning each', () => {
    expect(plain(documentNotes(documents))).toEqual(['warning not used: longer.pdf: it is encrypted']);
  });

  it('are cited by number, with the first words of the passage in one line', () => {
    const citation = { number: 2, source: 'a.md', place: null, quote: `first\nwords ${'x'.repeat(200)}` };
    const [line] = plain(citationLines([citation as never]));
    expect(line).toMatch(/^\[2\] a\.md.*"first words x+\.\.\."$/);
    expect(line!.length).toBeLessThan(140);
  });
});

describe('a call that needs the owner', () => {
  const asked = async (answer: string) => {
    const approver = new Approver();
    let question = '';
    approver.use(async (text) => {
      question = text;
      return answer;
    });
    const call = { tool: 'write', input: { path: 'a\u001b[2J' } } as unknown as Parameters<
      Approver['approve']
    >[0];
    return { yes: await approver.approve(call, new AbortController().signal), question };
  };

  it.each([
    ['y', true],
    ['  YES ', true],
    ['', false],
    ['n', false],
    ['yesterday', false],
    ['ok', false],
  ])('is answered by "%s": %s', async (answer, yes) => {
    expect((await asked(answer)).yes).toBe(yes);
  });

  it('is shown with its input, which cannot control the terminal', async () => {
    const { question } = await asked('n');
    expect(stripVTControlCharacters(question)).toContain('the agent wants to call write with');
    expect(question).not.toContain('a\u001b[2J');
  });
});
