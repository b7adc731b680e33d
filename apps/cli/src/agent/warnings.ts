import type { AgentDefinition } from '@chorus/agent';
import type { EngineFacts } from '@chorus/protocol';

/** What works, and is probably not meant. */
export function warningsOf(
  { model, instructions, skills, tools }: AgentDefinition,
  facts: EngineFacts,
): string[] {
  const warnings: string[] = [];
  if (model.kind === 'openai' && model.key !== null) {
    const { protocol, hostname } = new URL(model.url);
    const isLocal = /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
    if (protocol === 'http:' && !isLocal) {
      warnings.push(`the key is sent to ${hostname} without encryption: use https`);
    }
  }
  if (model.kind === 'classifier' && model.classes === null) {
    warnings.push('the classes have no names, so labels are numbers: model.onnx.classes names them');
  }
  if (!facts.conversation && instructions.trim() !== '') {
    warnings.push('the model is a classifier, which reads no instructions');
  }
  if (tools.some(({ needsApproval }) => needsApproval)) {
    warnings.push(
      'tools with approve: always are called in chorus agent run only: a node refuses their calls',
    );
  }
  for (const { id, inputModes } of skills ?? []) {
    const unread = inputModes?.filter((mode) => !facts.inputModes.includes(mode)) ?? [];
    if (unread.length > 0)
      warnings.push(`skill ${id} promises to read ${unread.join(', ')}, which the model does not`);
  }
  return warnings;
}
