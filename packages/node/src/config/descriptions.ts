/** What each value of the configuration means: the comments of a new file, and what `chorus config list` says. */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  dataDir:
    "Folder of keys, payloads and blocks; the node writes nowhere else. By default this file's folder.",
  roles:
    'What this node does: trainer (needs data), validator (needs held-out data, and a requester that appoints ' +
    'it), aggregator (proves rounds; needs about 1.5 GiB of memory).',
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
  data: 'Data to train on: a name given by `chorus data add`, a folder, or a shard file. It never leaves this machine.',
  srsCache: 'Folder for reference strings, shared by the nodes of one machine.',
  maxStake:
    'Largest stake to put at risk in one task, in whole tokens such as "10" or "2.5", of the tokens that ' +
    'limits.stake.perToken lists. A member can lose its whole stake. "0": join no task that requires stake.',
  threads: 'Threads of local training.',
  device: 'Where to train: auto, cpu, webgpu, cuda, coreml or dml; `chorus doctor` says what works here.',
  seed: 'Seed of shuffling and dropout.',
  attack: 'Simulated attack, for testing other nodes: see `chorus demo --help`.',
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
  'limits.missRounds':
    'Also join tasks that may last beyond these hours, although each round missed then costs part of the stake.',
  'limits.gas': "What the node may spend of the chain's own coin.",
  'limits.gas.perDay':
    'Coins in 24 hours, such as "0.1". The node does not join a task if the coins spent and its cost at the current price ' +
    'exceed this. Joined tasks go on: missing their rounds would cost stake.',
  'limits.stake': 'Money at risk over all tasks.',
  'limits.stake.total':
    'Over all tokens, counted in smallest units: useful if the tokens have the same decimals.',
  'limits.stake.perToken':
    'By token: {"0x...": {total: "1000", task: "100", seconds: 604800}}: most over all tasks, most in one task (in its ' +
    'smallest unit), longest a task may lock it. {"0x...": "1000"} sets the total alone; "0" refuses the token.',
  'limits.stake.onlyListed':
    'Refuse tasks in tokens that perToken does not name. Anyone can create a worthless token.',
  'limits.stake.owners': 'Requesters whose tasks are joined, by address. By default any requester.',
  'limits.stake.perDay':
    'Most whole tokens newly put at risk in 24 hours, for each token; by default three times maxStake.',
  'limits.tasks': 'Which tasks the node accepts.',
  'limits.tasks.maxTasks': 'Maximum number of concurrent tasks.',
  'limits.tasks.minValidators':
    "Minimum number of validators, other than the task's owner, without whom no round is settled: a majority of them decides " +
    'who is paid and who is slashed.',
  'limits.tasks.maxSlashPercent': 'Largest part of the stake that absence from every round may cost.',
  'limits.tasks.maxReporterPercent':
    'Largest part of a slash that may go to the reporter; a large part invites traps.',
  'limits.tasks.maxOwnerPercent':
    "Largest part of a slash that may go back to the task's owner; the rest is burned.",
  'limits.tasks.phaseMargin':
    'Phases last at least this many times the work in them, as measured on this machine, and some blocks; 0 accepts ' +
    'any. A late member is slashed.',
  'limits.tasks.minReward':
    "Minimum reward that this node can expect for a round with equal shares, in the token's smallest unit.",
  'limits.tasks.maxModelBytes': 'Largest model file, such as "50 MB".',
  'limits.tasks.maxDimension': 'Maximum number of trainable parameters.',
  'limits.tasks.callSeconds':
    'CPU seconds per thread for opening the model of a task, and for each call of the runtime on it; a model that uses more is ended.',
  'limits.tasks.losses': 'Accepted kinds of loss, such as [softmax-cross-entropy].',
  'limits.tasks.licences':
    'Accepted licence tags, such as [Apache-2.0, MIT]; with this list, a task without a tag is refused.',
  'limits.tasks.maxSeconds':
    'Longest a task may lock the stake, seconds: time to join, all phases of all rounds in full with a window for each ' +
    'of 16 candidates to settle, and two windows to dispute. 7776000 is 90 days.',
  privacy:
    'How much the node may reveal of your data. Updates and references are public and can leak samples; ' +
    'docs/explain/security.md says what is protected and what is not.',
  'privacy.models':
    'known: train strangers’ models only if graph and initial parameters are as `chorus task create --model mlp, ' +
    'cnn or 2nn` creates them; other models can be built so that an update carries samples. any: train any.',
  'privacy.minNoise':
    'Minimum noise of training, in multiples of the clip (see `chorus task create --privacy`); tasks with less are refused.',
  'privacy.ownNoise':
    'Noise this node trains with if a task requires less or none; more noise than others use earns less.',
  'privacy.maxEpsilon':
    'Maximum epsilon of the data over all past tasks: the node does not join a task if its rounds could bring epsilon ' +
    'above it. A training without noise has no bound. `chorus status` shows what is spent.',
  'privacy.delta': 'The delta for epsilon; well below 1 / samples.',
  admin:
    'The HTTP API that `chorus status` and the dashboard use; admin.json of the data folder holds its token.',
  'admin.enabled': 'Serve it.',
  'admin.host': 'Address to listen on. It speaks plain HTTP and can spend the stake: leave it on loopback.',
  'admin.port': 'Port; 0 uses a free port, which admin.json states.',
  'admin.allowedHosts': 'Host names, in addition to those of loopback, that requests may use.',
  'admin.allowedOrigins': 'Origins of web pages that may call the API.',
  'admin.openMetrics': 'Serve /metrics without the token to programs on this machine.',
  log: 'The node’s log.',
  'log.level': 'debug, info, warn, error or silent.',
  'log.format': 'pretty, json, or auto: pretty on a terminal.',
  'log.file': 'Also write to logs/node.log of the data folder, as JSON.',
  'log.maxBytes': 'Size at which a log file is rotated.',
  'log.maxFiles': 'Number of rotated files to keep, compressed.',
};
