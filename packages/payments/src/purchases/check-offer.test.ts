import { describe, expect, it } from 'vitest';
import { encodeHeader } from '../wire/headers.ts';
import { checkOffer } from './check-offer.ts';

const entry = {
  scheme: 'exact',
  network: 'eip155:31337',
  asset: `0x${'aa'.repeat(20)}`,
  amount: '20',
  payTo: `0x${'bb'.repeat(20)}`,
  maxTimeoutSeconds: 300,
};
const asked = (change: object, more: object[] = []) =>
  encodeHeader({
    x402Version: 2,
    resource: { url: 'https://a.example/' },
    accepts: [{ ...entry, ...change }, ...more],
  });

describe('a price that was promised', () => {
  it('may be asked for, or less', () => {
    checkOffer(asked({}), [entry]);
    checkOffer(asked({ amount: '19', payTo: entry.payTo.toUpperCase().replace('0X', '0x') }), [entry]);
  });

  it.each([
    ['more', asked({ amount: '21' })],
    ['another payee', asked({ payTo: `0x${'cc'.repeat(20)}` })],
    ['another token', asked({ asset: `0x${'cc'.repeat(20)}` })],
    ['another network', asked({ network: 'eip155:1' })],
    ['another payee as a second choice', asked({}, [{ ...entry, payTo: `0x${'cc'.repeat(20)}` }])],
  ])('%s may not', (_, header) => {
    expect(() => checkOffer(header, [entry])).toThrow(expect.objectContaining({ code: 'E_PAYMENT_OFFER' }));
  });

  it('says nothing if the card says nothing that can be read', () => {
    expect(() => checkOffer(asked({}), [null, 5, {}])).toThrow(/another payment than its card says/);
  });
});
