/** What each value of the section `training` means. */
export const TRAINING_DESCRIPTIONS: Readonly<Record<string, string>> = {
  training: 'What this node does in federated training, and what it may risk for it.',
  'training.roles':
    'What this node does: trainer (needs data), validator (needs held-out data, and a requester that appoints ' +
    'it), aggregator (proves rounds; needs about 1.5 GiB of memory).',
  'training.data':
    'Data to train on: a name given by `chorus data add`, a folder, or a shard file. It never leaves this machine.',
  'training.srsCache': 'Folder for reference strings, shared by the nodes of one machine.',
  'training.maxStake':
    'Largest stake to put at risk in one task, in whole tokens such as "10" or "2.5", of the tokens that ' +
    'training.stake.perToken lists. A member can lose its whole stake. "0": join no task that requires stake.',
  'training.threads': 'Threads of local training.',
  'training.device':
    'Where to train: auto, cpu, webgpu, cuda, coreml or dml; `chorus doctor` says what works here.',
  'training.seed': 'Seed of shuffling and dropout.',
  'training.attack': 'Simulated attack, for testing other nodes: see `chorus demo --help`.',
  'training.missRounds':
    'Also join tasks that may last beyond these hours, although each round missed then costs part of the stake.',
  'training.stake': 'Money at risk over all tasks.',
  'training.stake.total':
    'Over all tokens, counted in smallest units: useful if the tokens have the same decimals.',
  'training.stake.perToken':
    'By token: {"0x...": {total: "1000", task: "100", seconds: 604800}}: most over all tasks, most in one task (in its ' +
    'smallest unit), longest a task may lock it. {"0x...": "1000"} sets the total alone; "0" refuses the token.',
  'training.stake.onlyListed':
    'Refuse tasks in tokens that perToken does not name. Anyone can create a worthless token.',
  'training.stake.owners': 'Requesters whose tasks are joined, by address. By default any requester.',
  'training.stake.perDay':
    'Most whole tokens newly put at risk in 24 hours, for each token; by default three times maxStake.',
  'training.tasks': 'Which tasks the node accepts.',
  'training.tasks.maxTasks': 'Maximum number of concurrent tasks.',
  'training.tasks.minValidators':
    "Minimum number of validators, other than the task's owner, without whom no round is settled: a majority of them decides " +
    'who is paid and who is slashed.',
  'training.tasks.maxSlashPercent': 'Largest part of the stake that absence from every round may cost.',
  'training.tasks.maxReporterPercent':
    'Largest part of a slash that may go to the reporter; a large part invites traps.',
  'training.tasks.maxOwnerPercent':
    "Largest part of a slash that may go back to the task's owner; the rest is burned.",
  'training.tasks.phaseMargin':
    'Phases last at least this many times the work in them, as measured on this machine, and some blocks; 0 accepts ' +
    'any. A late member is slashed.',
  'training.tasks.minReward':
    "Minimum reward that this node can expect for a round with equal shares, in the token's smallest unit.",
  'training.tasks.maxModelBytes': 'Largest model file, such as "50 MB".',
  'training.tasks.maxDimension': 'Maximum number of trainable parameters.',
  'training.tasks.callSeconds':
    'CPU seconds per thread for opening the model of a task, and for each call of the runtime on it; a model that uses more is ended.',
  'training.tasks.losses': 'Accepted kinds of loss, such as [softmax-cross-entropy].',
  'training.tasks.licences':
    'Accepted licence tags, such as [Apache-2.0, MIT]; with this list, a task without a tag is refused.',
  'training.tasks.maxSeconds':
    'Longest a task may lock the stake, seconds: time to join, all phases of all rounds in full with a window for each ' +
    'of 16 candidates to settle, and two windows to dispute. 7776000 is 90 days.',
  'training.privacy':
    'How much the node may reveal of your data. Updates and references are public and can leak samples; ' +
    'docs/explain/security.md says what is protected and what is not.',
  'training.privacy.models':
    'known: train strangers’ models only if graph and initial parameters are as `chorus task create --model mlp, ' +
    'cnn or 2nn` creates them; other models can be built so that an update carries samples. any: train any.',
  'training.privacy.bases':
    'CIDs of other models that may be trained, such as the language model of an adapter: a file that you know. ' +
    'What an adapter learns of a text can show in what it writes.',
  'training.privacy.minNoise':
    'Minimum noise of training, in multiples of the clip (see `chorus task create --privacy`); tasks with less are refused.',
  'training.privacy.ownNoise':
    'Noise this node trains with if a task requires less or none; more noise than others use earns less.',
  'training.privacy.maxEpsilon':
    'Maximum epsilon of the data over all past tasks: the node does not join a task if its rounds could bring epsilon ' +
    'above it. A training without noise has no bound. `chorus status` shows what is spent.',
  'training.privacy.delta': 'The delta for epsilon; well below 1 / samples.',
};
