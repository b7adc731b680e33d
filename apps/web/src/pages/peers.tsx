import type { Api } from '../api/api.ts';
import { agoText, shortId } from '../format/text.ts';
import { FailureNotice } from '../parts/notices.tsx';
import { Title } from '../parts/shell.tsx';
import { useLoad } from '../state/load.ts';
import { now } from '../state/node.ts';

/** Who the node is connected to. */
export function Peers({ api }: { api: Api }) {
  const { data, failure } = useLoad(() => api.peers(), 'peers');
  return (
    <>
      <Title>Peers</Title>
      <FailureNotice failure={failure} />
      {data?.peers.length === 0 && <p class="quiet">The node is connected to no peer.</p>}
      {data && data.peers.length > 0 && (
        <div class="wide">
          <table>
            <thead>
              <tr>
                <th>Peer</th>
                <th>Connected</th>
                <th>Ping</th>
                <th>Gossip score</th>
                <th>Blame</th>
                <th>Tasks in common</th>
                <th class="grows">Address</th>
              </tr>
            </thead>
            <tbody>
              {data.peers.map((peer) => (
                <tr key={peer.peerId}>
                  <td data-label="Peer">
                    <code title={peer.peerId}>{shortId(peer.peerId)}</code>
                  </td>
                  <td data-label="Connected">
                    {peer.direction ?? ''}
                    {peer.since && `, ${agoText(peer.since, now.value)}`}
                  </td>
                  <td data-label="Ping">
                    {peer.latencyMs === null ? '-' : `${peer.latencyMs.toFixed(0)} ms`}
                  </td>
                  <td data-label="Gossip score">{peer.score === null ? '-' : peer.score.toFixed(1)}</td>
                  <td data-label="Blame">{peer.blame ?? '-'}</td>
                  <td data-label="Tasks">{peer.tasks.join(', ') || '-'}</td>
                  <td class="grows" data-label="Address">
                    <small>{peer.addresses.join(' ')}</small>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
