/** What each value of the configuration means: the comments of a new file, and what `chorus config list` says. */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  dataDir:
    "Folder of keys, payloads and blocks; nothing is written elsewhere. By default this file's folder.",
  roles:
    'What this node does: trainer (needs data), validator (needs held-out data, and a requester that appoints ' +
    'it), aggregator (proves rounds; needs about 1.5 GiB of memory).',
  chain: 'The chain that tasks are settled on.',
  'chain.url': 'JSON-RPC endpoint. It may hold an access key: this file is readable by you alone.',
  'chain.contract': 'Address of the task contract.',
  'chain.chainId': 'Chain id the endpoint must have; the node refuses to start on another.',
  'chain.deployedAt': 'Block in which the deployment of the contracts began: nothing before it is searched.',
  'chain.pollMilliseconds':
    "Pause between two looks at the chain's head; 50 on a development chain, else 2000.",
  'chain.requestsPerMinute':
    'Requests to the endpoint a minute, at most: 600 unless it is set, and not bounded on a development chain.',
  network: 'How this node meets others (libp2p).',
  'network.listen':
    'Addresses to listen on. /ip4/0.0.0.0/tcp/4001 lets other machines in; open that port for nodes that are ' +
    'not behind a NAT.',
  'network.bootstrap': 'Peers to connect to first, each ending in /p2p/<peer id>.',
  'network.announce': 'Addresses that others see, where they differ (port forwarding).',
  'network.mdns': 'Find nodes on the local network.',
  'network.dht':
    "Find peers by their ids in the network's own table: off, client, server, or auto (server once others can dial it).",
  'network.webSockets': 'Dial WebSocket addresses too.',
  'network.quic': 'Dial QUIC addresses too; listening on one needs no switch.',
  'network.relayClient': 'Reach others, and be reached, by way of relays where there is no direct path.',
  'network.relayServer': 'Relay for others, within limits; it costs bandwidth.',
  'network.autoNat': 'Have peers tell which addresses of this node they can dial.',
  'network.holePunching': 'Turn relayed connections into direct ones.',
  'network.upnp': 'Ask the router to forward the port.',
  'network.maxConnections': 'Connections in all.',
  'network.maxConnectionsPerHost': 'Connections from one address.',
  storage: 'Blocks are exchanged with peers by the node itself.',
  'storage.ipfsApi':
    'RPC API of a Kubo daemon, such as http://127.0.0.1:5001: pins what this node publishes, and finds what no peer has.',
  data: 'Data to train on: a name given by `chorus data add`, a folder, or a shard file. It never leaves this machine.',
  srsCache: 'Folder for reference strings, shared by the nodes of one machine.',
  maxStake:
    'Largest stake to put at risk in one task, in whole tokens such as "10" or "2.5", of the tokens that ' +
    'limits.stake.perToken lists. Its whole stake is what a member can lose. "0": no task that asks for stake.',
  threads: 'Threads of local training.',
  device: 'Where to train: auto, cpu, webgpu, cuda, coreml or dml; `chorus doctor` says what works here.',
  seed: 'Seed of shuffling and dropout.',
  attack: 'Misbehaviour on purpose, for tests of other nodes: see `chorus demo --help`.',
  shutdownSeconds:
    'Time to finish or hand back the current step when asked to stop; what is not done then is resumed at the next start.',
  limits:
    'What you allow the node, beside maxStake. What has no default is not limited; docs/reference/operations.md tells more.',
  'limits.threads': 'Threads of each heavy step: training, committing, proving.',
  'limits.memory':
    'Memory of the node with the processes of its models, such as "4 GiB"; half of the machine unless set. Tasks that would not fit are refused, and a model that takes more than is left is ended.',
  'limits.disk': 'Size of the data folder, such as "20 GB". Old payloads are dropped to keep to it.',
  'limits.upload': 'Bytes a second sent to peers, such as "500 kB".',
  'limits.download': 'Bytes a second taken from peers.',
  'limits.hours':
    'Local times at which tasks are joined and rounds begun, such as ["22:00-07:00"]. What has begun is finished.',
  'limits.missRounds':
    'Join tasks that may last longer than these hours although each round missed then costs part of the stake.',
  'limits.gas': "What the node may spend of the chain's own coin.",
  'limits.gas.perDay':
    'Coins in 24 hours, such as "0.1". A task is not joined where what was spent and what it may cost at the present ' +
    'price come to more. Tasks that were joined go on: missing their rounds would cost stake.',
  'limits.stake': 'Money at risk over all tasks.',
  'limits.stake.total':
    'Over all tokens, counted in smallest units: of use where the tokens have the same decimals.',
  'limits.stake.perToken':
    'By token: {"0x...": {total: "1000", task: "100", seconds: 604800}}: most over all tasks, most in one task (in its ' +
    'smallest unit), longest a task may lock it. {"0x...": "1000"} sets the total alone; "0" refuses the token.',
  'limits.stake.onlyListed':
    'Refuse tasks in tokens that perToken does not name. Anyone can make a token that is worth nothing.',
  'limits.stake.owners': "Whose tasks are joined: addresses of requesters. Anybody's where it is left out.",
  'limits.stake.perDay':
    'Whole tokens newly put at risk in 24 hours, of each token; three times maxStake where it is left out.',
  'limits.tasks': 'Which tasks are taken on.',
  'limits.tasks.maxTasks': 'Tasks worked for at a time.',
  'limits.tasks.minValidators':
    "Validators, other than the task's owner, without whom no round of it is settled: a majority of them decides " +
    'who is paid and who is slashed.',
  'limits.tasks.maxSlashPercent': 'Most of the stake that being absent from every round may cost.',
  'limits.tasks.maxReporterPercent':
    'Most of a slash that may go to whoever reports it; a large part invites traps.',
  'limits.tasks.maxOwnerPercent': "Most of a slash that may go back to the task's owner; the rest is burned.",
  'limits.tasks.phaseMargin':
    'Phases last at least so many times the work that falls into them, as measured on this machine, and some blocks; 0 ' +
    'takes any. Who is late is slashed.',
  'limits.tasks.minReward':
    "Least this node may expect of a round where all share alike, in the token's smallest unit.",
  'limits.tasks.maxModelBytes': 'Largest model file, such as "50 MB".',
  'limits.tasks.maxDimension': 'Most trainable parameters.',
  'limits.tasks.callSeconds':
    'CPU seconds that opening the model of a task, and each call of the runtime on it, may take on a thread before the model is ended.',
  'limits.tasks.losses': 'Kinds of loss, such as [softmax-cross-entropy].',
  'limits.tasks.licences':
    'Licence tags a task must carry one of, such as [Apache-2.0, MIT]; a task without one is refused then.',
  'limits.tasks.maxSeconds':
    'Longest a task may lock the stake, seconds: time to join, all phases of all rounds in full with a window for each ' +
    'of 16 candidates to settle, and two windows to dispute. 7776000 is 90 days.',
  privacy:
    'How far your data may show in what the node publishes. Updates and references are public and can leak samples; ' +
    'docs/explain/security.md says what is protected and what is not.',
  'privacy.models':
    'known: of strangers, train only models whose graph and initial parameters are as `chorus task create --model mlp, ' +
    'cnn or 2nn` makes them; others can be made so that an update carries samples. any: train any.',
  'privacy.minNoise':
    'Least noise of training, in multiples of the clip (see `chorus task create --privacy`); tasks with less are refused.',
  'privacy.ownNoise':
    'Noise this node trains with where a task asks for less, or for none; more noise than others have earns less.',
  'privacy.maxEpsilon':
    'Most epsilon of the data over all tasks there ever were: a task is not joined where all its rounds could bring it ' +
    'beyond. A training without noise has no bound. `chorus status` shows what is spent.',
  'privacy.delta': 'The delta that epsilon is stated with; well below 1 / samples.',
  admin:
    'The HTTP API that `chorus status` and the dashboard ask; admin.json of the data folder holds its token.',
  'admin.enabled': 'Serve it.',
  'admin.host': 'Address to listen on. It speaks plain HTTP and can spend the stake: leave it on loopback.',
  'admin.port': 'Port; 0 takes a free one, and admin.json says which.',
  'admin.allowedHosts': 'Names, beside those of loopback, by which it may be asked for.',
  'admin.allowedOrigins': 'Origins of web pages that may call it.',
  'admin.openMetrics': 'Serve /metrics without the token to programs on this machine.',
  log: 'What the node writes about itself.',
  'log.level': 'debug, info, warn, error or silent.',
  'log.format': 'pretty, json, or auto: pretty on a terminal.',
  'log.file': 'Also to logs/node.log of the data folder, as JSON.',
  'log.maxBytes': 'Size at which a log file is put away and begun anew.',
  'log.maxFiles': 'Files put away that are kept, compressed.',
};
