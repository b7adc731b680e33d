import { expect, it } from 'vitest';
import { addressWithToken, doorOf } from './page-address.ts';

it('the address of the page has the token in its fragment, and in no part that is sent', () => {
  const address = new URL(addressWithToken({ url: 'http://127.0.0.1:4500', token: 'a+b&c', pid: 1 }));
  expect(address.hash).toBe('#token=a%2Bb%26c');
  expect(`${address.origin}${address.pathname}${address.search}`).toBe('http://127.0.0.1:4500/');
});

it('the document that leads to the page holds its address as text', () => {
  expect(doorOf('http://127.0.0.1/#token="><b>&')).toContain('url=http://127.0.0.1/#token=&quot;><b>&amp;">');
});
