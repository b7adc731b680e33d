import { AgentFileError, cardFields, sentenceOf } from '@chorus/agent';
import { ChorusError, counted, type Engine, type EngineFacts, explain } from '@chorus/protocol';
import {
  type FoundTool,
  inspectTools,
  type LoadedAgent,
  loadAgent,
  openDocuments,
  openEngine,
  stateFolder,
} from '@chorus/service-agents/open';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { indexProgress } from '../../agent/document-view.ts';
import { abortOnInterrupt } from '../../agent/interrupts.ts';
import { modelSource } from '../../agent/model-source.ts';
import { probe } from '../../agent/probe.ts';
import { foundToolLines, toolsLine } from '../../agent/tool-view.ts';
import {
  definitionDocument,
  limitsLine,
  modelLine,
  offerLine,
  priceText,
  spendingLine,
} from '../../agent/view.ts';
import { warningsOf } from '../../agent/warnings.ts';
import { givenPath } from '../../environment/environment.ts';
import { asChorusError, EXIT, exitCodeOf, finish, reportAndExit } from '../../environment/exit.ts';
import { type InspectOptions, inspectOptions } from '../../inspect/options.ts';
import { print, printJson } from '../../output/print.ts';

interface Check {
  check: 'file' | 'model' | 'documents' | 'tools' | 'answer';
  ok: boolean;
  detail: string;
}

/** Longest part of an answer that is shown. */
const SHOWN = 80;

/** `chorus agent check`: whether an agent can work. */
export function checkCommand(): Command {
  const command = new Command('check')
    .description('check an agent file, open its model, and ask it one real question')
    .argument('<file>', 'the agent file');
  return inspectOptions(command)
    .addHelpText(
      'after',
      '\nIt ends with 78 if the file or the environment is wrong, 65 for the model file, 69 if the model does not answer, 77 for its key.\n\nExample:\n  $ chorus agent check harbour.yaml',
    )
    .action(checkAction);
}

async function checkAction(file: string, flags: InspectOptions): Promise<void> {
  const abort = new AbortController();
  abortOnInterrupt(abort);
  const checks: Check[] = [];
  let agent: LoadedAgent | undefined;
  let engine: Engine | undefined;
  let tools: readonly FoundTool[] = [];
  let failure: unknown;
  let at: Check['check'] = 'file';
  try {
    agent = loadAgent(givenPath(file, 'the agent file'));
    const skills = agent.definition.skills?.length ?? 1;
    checks.push({ check: 'file', ok: true, detail: `agent/1, ${counted(skills, 'skill')}` });
    at = 'model';
    engine = await openEngine(agent, modelSource(flags, abort.signal));
    checks.push({ check: 'model', ok: true, detail: modelLine(engine.facts) });
    if (agent.definition.knowledge) {
      at = 'documents';
      checks.push(await documentsRead(agent, abort.signal));
    }
    if (agent.definition.tools.length > 0) {
      at = 'tools';
      tools = await inspectTools(agent, stateFolder(agent), abort.signal);
      refuseDrift(tools);
      checks.push({ check: 'tools', ok: true, detail: toolsLine(tools) });
    }
    at = 'answer';
    checks.push(await answered(agent, engine, abort.signal));
  } catch (error) {
    if (abort.signal.aborted) reportAndExit(abort.signal.reason);
    failure = asChorusError(error);
    checks.push({ check: at, ok: false, detail: detailOf(failure) });
  } finally {
    await engine?.close();
  }
  const facts = engine?.facts ?? null;
  if (flags.json) printJson({ ...documentOf(file, checks, agent, facts, failure), tools });
  else show(file, checks, agent, facts, failure, tools);
  await finish(failure === undefined ? EXIT.ok : exitCodeOf(failure));
}

async function documentsRead(agent: LoadedAgent, signal: AbortSignal): Promise<Check> {
  const progress = indexProgress();
  const state = stateFolder(agent);
  const opened = await openDocuments(agent, { state, signal, onProgress: progress.show }).finally(
    progress.stop,
  );
  const documents = opened?.documents() ?? [];
  await opened?.close();
  const read = documents.filter(({ fault }) => fault === null).length;
  const passages = documents.reduce((sum, document) => sum + document.passages, 0);
  const failed = documents.length > read ? `, ${documents.length - read} cannot be read` : '';
  return { check: 'documents', ok: true, detail: `${read} with ${passages} passages${failed}` };
}

/** @throws ChorusError `E_TOOL_DRIFT` if the agent would not start */
function refuseDrift(tools: readonly FoundTool[]): void {
  const wrong = tools.filter(({ state }) => state === 'changed' || state === 'gone');
  if (wrong.length === 0) return;
  throw new ChorusError('E_TOOL_DRIFT', `tools are not as you accepted them: ${toolsLine(tools)}`, {
    facts: { tools: wrong.map(({ name }) => name).join(', ') },
    hint: 'read what they say below, then accept that with --accept-tools of run or start, or correct allow',
  });
}

/** Faults of a file are listed below, each at its place. */
function detailOf(failure: unknown): string {
  if (!(failure instanceof AgentFileError)) return explain(failure).message;
  return counted(failure.faults.length, 'fault');
}

async function answered(agent: LoadedAgent, engine: Engine, signal: AbortSignal): Promise<Check> {
  const { reply, milliseconds } = await probe(agent.definition, engine, signal);
  if (reply.rejected !== null || reply.text.trim() === '') {
    throw new ChorusError('E_ENGINE_RESPONSE', reply.rejected ?? 'the model answers with an empty text', {
      hint: 'check that the model is one for chat, and try it with: chorus agent run',
    });
  }
  const { inputTokens, outputTokens } = reply.usage ?? {};
  const used =
    inputTokens == null && outputTokens == null
      ? ''
      : `, ${inputTokens ?? '?'} + ${outputTokens ?? '?'} tokens`;
  const text = reply.text.trim().replaceAll(/\s+/g, ' ');
  const quoted = JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
  return { check: 'answer', ok: true, detail: `${quoted} in ${(milliseconds / 1000).toFixed(1)} s${used}` };
}

function documentOf(
  file: string,
  checks: readonly Check[],
  agent: LoadedAgent | undefined,
  facts: EngineFacts | null,
  failure: unknown,
) {
  return {
    file,
    ok: failure === undefined,
    checks,
    faults: failure instanceof AgentFileError ? failure.faults : [],
    error: failure === undefined ? null : explain(failure),
    agent: agent ? definitionDocument(agent.definition) : null,
    model: facts,
    card: agent && facts ? cardFields(agent.definition, facts) : null,
    warnings: agent && facts ? warningsOf(agent.definition, facts) : [],
  };
}

function show(
  file: string,
  checks: readonly Check[],
  agent: LoadedAgent | undefined,
  facts: EngineFacts | null,
  failure: unknown,
  tools: readonly FoundTool[],
): void {
  print(colors.bold(agent?.definition.name ?? file));
  for (const { check, ok, detail } of checks) {
    print(`  ${ok ? colors.green('ok    ') : colors.red('failed')}  ${check.padEnd(9)}  ${detail}`);
  }
  if (failure instanceof AgentFileError) {
    for (const fault of failure.faults) {
      print(`  ${fault.line}:${fault.column}  ${sentenceOf(fault)} -> ${fault.hint}`);
    }
  } else if (failure !== undefined) {
    const { hint } = explain(failure);
    if (hint) print(`  -> ${hint}`);
  }
  if (tools.length > 0) print('', ...foundToolLines(tools));
  if (!agent) return;
  print('', `one request may use ${limitsLine(agent.definition, facts ?? undefined)}`);
  const { price } = agent.definition;
  print(
    price
      ? `a call costs ${priceText(price)}, paid to the wallet of the node that serves it; \`agent start\` checks the token`
      : 'a call costs nothing',
    spendingLine(agent.definition),
    ...agent.definition.offers.map(offerLine),
  );
  if (facts)
    for (const warning of warningsOf(agent.definition, facts))
      print(`${colors.yellow('warning')} ${warning}`);
}
