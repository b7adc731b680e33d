/** What each value of the host means: the comments of a new file, and what `chorus config list` says. */
export const HOST_DESCRIPTIONS: Readonly<Record<string, string>> = {
  dataDir:
    "Folder of keys, payloads and blocks; the node writes nowhere else. By default this file's folder.",
  chain: 'The chain on which tasks are settled.',
  'chain.url': 'JSON-RPC endpoint. It may hold an access key: only you can read this file.',
  'chain.contract': 'Address of the task contract.',
  'chain.chainId': 'Chain id the endpoint must have; the node refuses to start on another.',
  'chain.deployedAt': 'First block of the deployment of the contracts: the node searches no earlier block.',
  'chain.pollMilliseconds': "Interval for polling the chain's head; 50 on a development chain, else 2000.",
  'chain.requestsPerMinute':
    'Maximum requests to the endpoint per minute: 600 by default, unlimited on a development chain.',
  network: 'How this node connects to others (libp2p).',
  'network.listen':
    'Addresses to listen on. /ip4/0.0.0.0/tcp/4001 accepts other machines; open that port in the firewall, unless this node is ' +
    'behind a NAT.',
  'network.bootstrap': 'Peers to connect to first, each ending in /p2p/<peer id>.',
  'network.announce': 'Addresses that others see, if they differ (port forwarding).',
  'network.mdns': 'Find nodes on the local network.',
  'network.dht':
    "Find peers by their ids in the network's distributed hash table: off, client, server, or auto (server once others can dial this node).",
  'network.webSockets': 'Dial WebSocket addresses too.',
  'network.quic': 'Dial QUIC addresses too; listening on one needs no setting.',
  'network.relayClient': 'Connect through relays if there is no direct path, in both directions.',
  'network.relayServer': 'Relay for others, within limits; it costs bandwidth.',
  'network.autoNat': 'Ask peers which addresses of this node they can dial.',
  'network.holePunching': 'Turn relayed connections into direct ones.',
  'network.upnp': 'Ask the router to forward the port.',
  'network.maxConnections': 'Maximum number of connections.',
  'network.maxConnectionsPerHost': 'Maximum number of connections from one address.',
  storage: 'The node itself exchanges blocks with peers.',
  'storage.ipfsApi':
    'RPC API of a Kubo daemon, such as http://127.0.0.1:5001: pins what this node publishes, and finds what no peer has.',
  shutdownSeconds:
    'Time to finish or roll back the current step when asked to stop; the next start resumes unfinished work.',
  limits:
    'Your limits for the node, in addition to maxStake. A value without a default is not limited; see docs/reference/operations.md.',
  'limits.threads': 'Threads of each heavy step: training, committing, proving.',
  'limits.memory':
    'Memory of the node and the processes of its models, such as "4 GiB"; by default half of the machine. The node refuses tasks that would not fit, and ends a model that uses more than is left.',
  'limits.disk':
    'Maximum size of the data folder, such as "20 GB". The node drops old payloads to stay below it.',
  'limits.upload': 'Bytes per second sent to peers, such as "500 kB".',
  'limits.download': 'Bytes per second received from peers.',
  'limits.hours':
    'Local times at which the node joins tasks and begins rounds, such as ["22:00-07:00"]. It finishes what has begun.',
  'limits.gas': "What the node may spend of the chain's own coin.",
  'limits.gas.perDay':
    'Coins in 24 hours, such as "0.1". The node does not join a task if the coins spent and its cost at the current price ' +
    'exceed this. Joined tasks go on: missing their rounds would cost stake.',
  admin:
    'The HTTP API that `chorus status` and the dashboard use; admin.json of the data folder holds its token.',
  'admin.enabled': 'Serve it.',
  'admin.host': 'Address to listen on. It speaks plain HTTP and can spend the stake: leave it on loopback.',
  'admin.port': 'Port; 0 uses a free port, which admin.json states.',
  'admin.allowedHosts': 'Host names, in addition to those of loopback, that requests may use.',
  'admin.allowedOrigins': 'Origins of web pages that may call the API.',
  'admin.openMetrics': 'Serve /metrics without the token to programs on this machine.',
  gateway:
    'The public HTTP server, for what services offer to strangers, such as agents. It shares no route with the admin API.',
  'gateway.enabled': 'Serve it.',
  'gateway.explorer':
    'Serve everyone a page at /explorer with tasks, rounds and their proofs, agents and votes, to be read only.',
  'gateway.host': 'Address to listen on. It speaks plain HTTP: put a proxy with TLS in front of it.',
  'gateway.port': 'Port; 0 uses a free port, which the status states.',
  'gateway.url': 'Address that others reach it by, such as https://agents.example.',
  'gateway.allowedHosts':
    'Host names, in addition to those of loopback and of the url, that requests may use.',
  'gateway.allowedOrigins': 'Origins of web pages that may call it.',
  'gateway.requestsPerMinute': 'Requests from one address per minute.',
  'gateway.maxRequestBytes': 'Largest body of a request.',
  'gateway.maxConnections': 'Most connections at the same time.',
  'gateway.behindProxy':
    'Take the address of a caller from the last entry of X-Forwarded-For: only behind a proxy that sets it.',
  log: 'The node’s log.',
  'log.level': 'debug, info, warn, error or silent.',
  'log.format': 'pretty, json, or auto: pretty on a terminal.',
  'log.file': 'Also write to logs/node.log of the data folder, as JSON.',
  'log.maxBytes': 'Size at which a log file is rotated.',
  'log.maxFiles': 'Number of rotated files to keep, compressed.',
};
