import { describe, expect, it } from 'vitest';
import { AgentFileError, sentenceOf } from './file-error.ts';
import { readAgentFile } from './read.ts';

const HEAD = 'chorus: agent/1\nname: A\nmodel: { openai: { url: http://127.0.0.1:1/v1, name: m } }\n';
const read = (offers: string, more = '') =>
  readAgentFile(`${HEAD}${more}offers:\n${offers}`, {
    source: 'a.yaml',
    environment: () => undefined,
    readText: () => '',
  });

function faults(offers: string, more = ''): string {
  try {
    read(offers, more);
  } catch (error) {
    if (!(error instanceof AgentFileError)) throw error;
    return error.faults.map(sentenceOf).join('\n');
  }
  return '';
}

const CHART = '  - { id: chart, description: A chart, price: 2 CHOR, within: 10m';

describe('the offers of an agent file', () => {
  it('an offer says what it takes, what it gives, what it costs and until when', () => {
    const input = 'input: { type: object, properties: { of: { type: string } }, required: [of] }';
    const { offers } = read(
      `${CHART}, ${input}, open: 3 }\n  - { id: quick, kind: call, description: A word, within: 30s }`,
      'price: 0.5 CHOR\n',
    );
    expect(offers).toEqual([
      {
        ...{ id: 'chart', name: 'chart', description: 'A chart', kind: 'job', seconds: 600, open: 3 },
        price: { digits: 2n, decimals: 0, token: 'CHOR' },
        input: { type: 'object', properties: { of: { type: 'string' } }, required: ['of'] },
        deliverable: null,
      },
      {
        ...{ id: 'quick', name: 'quick', description: 'A word', kind: 'call', seconds: 30, open: 1 },
        price: { digits: 5n, decimals: 1, token: 'CHOR' },
        ...{ input: null, deliverable: null },
      },
    ]);
    expect(read('  - { id: q, kind: call, description: A word, within: 30s }').offers[0]).toMatchObject({
      price: null,
    });
  });

  it('an offer that promises what cannot be kept is refused with its place', () => {
    expect(faults(`${CHART} }\n${CHART} }`)).toContain('different ids');
    expect(faults('  - { id: chart, description: A chart, within: 10m }')).toContain('each job has one');
    expect(faults('  - { id: c, kind: call, price: 1 CHOR, description: A, within: 10m }')).toContain(
      'price of the file',
    );
    expect(faults('  - { id: c, price: 0 CHOR, description: A, within: 10m }')).toContain('above 0');
    expect(faults('  - { id: c, price: 1 CHOR, description: A, within: soon }')).toContain('10m');
    expect(faults('  - { id: c, price: 1 CHOR, description: A, within: 99d }')).toContain('30d');
    expect(faults(`${CHART}, input: { type: string, pattern: "a" } }`)).toContain('pattern');
    expect(faults(`${CHART}, deliverable: { type: object, properties: { a: {} } } }`)).toContain(
      'must have a type',
    );
    expect(faults(`${CHART}, open: 0 }`)).not.toBe('');
    expect(faults(`${CHART}, evaluator: client }`)).toContain('evaluator');
  });
});
