import { expect, it } from 'vitest';
import { addressFault } from './address.ts';

const PEER = '12D3KooWCRFxCJ1kKnDisv8XMiPjtbppu5D1cexTJmEtyZnxRdv3';

it.each([
  ['/ip4/127.0.0.1/tcp/9', 'own', null],
  ['/ip6/::/udp/4001/quic-v1', 'own', null],
  ['/dns4/node.example/tcp/4001', 'own', null],
  ['/dnsaddr/bootstrap.example', 'peer', null],
  ['1.2.3.4:4001', 'own', /must be like \/ip4/],
  ['', 'own', /must be like/],
  ['/ip4/127.0.0.1/tcp/port', 'own', /must be like/],
  ['/ip4/999.0.0.1/tcp/1', 'own', /must be like/],
  ['http://1.2.3.4', 'peer', /must be like/],
  ['/ip4/127.0.0.1/tcp/9', 'peer', /must end in the id/],
  ['/ip4/127.0.0.1/tcp/9/p2p/x', 'peer', /must be like|not whole/],
  ['12D3KooWCRFxCJ1kKnDisv8XMiPjtbppu5D1cexTJmEtyZnxRdv', 'peer', /must be like/],
  [
    '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWCRFxCJ1kKnDisv8XMiPjtbppu5D1cexTJmEtyZnxRdv',
    'peer',
    /not whole|must be like/,
  ],
  [`/ip4/127.0.0.1/tcp/9/p2p/${PEER}${'x'.repeat(300)}`, 'peer', /must be like/],
] as const)('addressFault says what is wrong with the address %s as %s', (text, use, fault) => {
  const found = addressFault(text, use);
  if (fault === null) expect(found).toBeNull();
  else expect(found).toMatch(fault);
});
