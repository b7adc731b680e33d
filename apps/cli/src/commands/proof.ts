import { open } from 'node:fs/promises';
import {
  exportProof,
  listProofs,
  openProofChecker,
  type ProvenRound,
  provenRound,
  verifyFile,
} from '@chorus/inspector';
import { ChorusError, type Hex } from '@chorus/protocol';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { shellWord } from '../environment/environment.ts';
import { EXIT, finish } from '../environment/exit.ts';
import {
  chosenTask,
  type InspectOptions,
  inspecting,
  inspectOptions,
  parseRound,
  parseTask,
} from '../inspect/open.ts';
import { listDocument, listView, proofDocument, proofView } from '../inspect/proof-view.ts';
import { checkOutput, writeOutput } from '../output/check-output.ts';
import { checksTable, print, printJson, verdict } from '../output/table.ts';

/** `chorus proof`: the proofs of contribution that rounds were settled with. */
export function proofCommand(): Command {
  const list = new Command('list')
    .description('list settled rounds: who settled them, the gas used, and whether the proof holds')
    .option('--task <id>', 'the task (that of the kept network, or the only one)');
  inspectOptions(list).addHelpText('after', '\nExample:\n  $ chorus proof list --task 1').action(listAction);
  const show = roundCommand('show', 'show what was proven: every public value decoded, with its CIDs');
  inspectOptions(show).addHelpText('after', '\nExample:\n  $ chorus proof show 1 2').action(showAction);
  const verify = new Command('verify')
    .description('repeat every check of a proof on this machine, against the chain or for a file alone')
    .argument('[task]', 'number of the task')
    .argument('[round]', 'number of the round')
    .option('--file <file>', 'a proof file: needs no node and no chain')
    .option('--srs <digest>', 'with --file: the reference string to trust; by default the development one');
  inspectOptions(verify)
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus proof verify 1 2\n  $ chorus proof verify --file round-2.proof',
    )
    .action(verifyAction);
  const exporting = roundCommand('export', 'write a proof as a file that anyone can check offline')
    .requiredOption('-o, --output <file>', 'file to write')
    .option('--format <kind>', 'json or cbor', 'json');
  inspectOptions(exporting)
    .addHelpText('after', '\nExample:\n  $ chorus proof export 1 2 -o round-2.proof --format cbor')
    .action(exportAction);
  return new Command('proof')
    .description('the proofs of contribution that rounds were settled with')
    .addCommand(list)
    .addCommand(show)
    .addCommand(verify)
    .addCommand(exporting);
}

function roundCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<task>', 'number of the task')
    .argument('<round>', 'number of the round');
}

async function listAction(options: InspectOptions & { task?: string }): Promise<void> {
  await inspecting(options, async (network) => {
    const task = await network.chain.task(await chosenTask(options.task, network));
    network.step('checking every proof');
    const listed = await listProofs(network, task);
    if (options.json) printJson(listDocument(task, listed));
    else {
      const decimals = await network.chain.decimals(task.token).catch(() => null);
      print(listView(network, task, listed, decimals));
    }
    return listed.every(({ fault }) => fault === null);
  });
}

async function showAction(taskText: string, roundText: string, options: InspectOptions): Promise<void> {
  const [taskId, round] = [parseTask(taskText), parseRound(roundText)];
  await inspecting(options, async (network) => {
    const proven = await provenRound(network.chain, taskId, round);
    if (options.json) printJson(proofDocument(proven));
    else print(proofView(network, proven));
    return true;
  });
}

interface VerifyOptions extends InspectOptions {
  file?: string;
  srs?: string;
}

async function verifyAction(
  taskText: string | undefined,
  roundText: string | undefined,
  options: VerifyOptions,
): Promise<void> {
  if (options.file !== undefined) {
    if (taskText !== undefined) throw usage('give either a task and a round, or --file');
    return verifyFileAction(options.file, options);
  }
  if (taskText === undefined || roundText === undefined) throw usage('give a task and a round, or --file');
  const [taskId, round] = [parseTask(taskText), parseRound(roundText)];
  await inspecting(options, async (network) => {
    const proven = await provenRound(network.chain, taskId, round);
    network.step('checking the proof');
    const checker = await openProofChecker(network);
    const checks = await checker.check(proven).finally(() => checker.close());
    const ok = checks.every((check) => check.ok);
    if (options.json) printJson({ ...identity(proven), ok, checks });
    else {
      const good = `round ${round} of task ${taskId}: weights, shares and aggregate follow from the commitments on chain`;
      print(checksTable(checks), verdict(checks, good));
    }
    return ok;
  });
}

function identity({ task, settled }: ProvenRound) {
  const { round, transaction, block, gasUsed, aggregator } = settled;
  return { task: task.id, round, transaction, block, gasUsed, aggregator };
}

async function verifyFileAction(path: string, { srs, json }: VerifyOptions): Promise<void> {
  if (srs !== undefined && !/^0x[0-9a-f]{64}$/.test(srs)) {
    throw usage('--srs must be the digest of a reference string, 0x and 64 lower-case hex digits');
  }
  const { file, checks } = await verifyFile(await readBounded(path), srs as Hex | undefined);
  const ok = checks.every((check) => check.ok);
  if (json) {
    const about = file && {
      chainId: file.statement.chainId,
      contract: file.statement.contract,
      task: file.statement.taskId,
      round: file.statement.round,
      transaction: file.transaction,
    };
    printJson({ file: path, ...about, ok, checks });
  } else {
    const s = file?.statement;
    const good = s
      ? `a proof of round ${s.round} of task ${s.taskId}, contract ${s.contract}, chain ${s.chainId}`
      : '';
    print(checksTable(checks), verdict(checks, good));
    if (ok) {
      print(
        colors.dim(
          '  to check that its commitments are those of the chain, run `chorus proof verify TASK ROUND`',
        ),
      );
    }
  }
  await finish(ok ? EXIT.ok : EXIT.failed);
}

/** Longest proof file, bytes; a longer file is refused without reading the rest. */
const MAX_FILE_BYTES = 1024 * 1024;

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes`);
    return new Uint8Array(await file.readFile());
  } catch (cause) {
    throw new ChorusError('E_PROOF_FILE', 'cannot read the proof file', { facts: { path }, cause });
  }
}

async function exportAction(
  taskText: string,
  roundText: string,
  options: InspectOptions & { output: string; format: string },
): Promise<void> {
  const { format, output } = options;
  if (format !== 'json' && format !== 'cbor') {
    throw usage('--format must be json or cbor');
  }
  await checkOutput('--output', output, 'proof.json');
  const [taskId, round] = [parseTask(taskText), parseRound(roundText)];
  await inspecting(options, async (network) => {
    const proven = await provenRound(network.chain, taskId, round);
    const bytes = await exportProof(network, proven, format);
    await writeOutput(output, bytes);
    if (options.json) printJson({ ...identity(proven), file: output, format, bytes: bytes.length });
    else {
      print(
        `${colors.green('✔')} ${output}: ${bytes.length.toLocaleString('en')} bytes, ${format}`,
        colors.dim(`  check it anywhere: chorus proof verify --file ${shellWord(output)}`),
      );
    }
    return true;
  });
}

function usage(message: string): ChorusError {
  return new ChorusError('E_USAGE', message);
}
