import type { Template, TemplateOptions } from '@chorus/agent';
import type { TaskModel } from '@chorus/service-agents/open';

/**
 * What an agent file says of the model of a task: its file, and what the task's terms say of its data.
 * @param file of the model, from the folder of the agent file
 */
export function fromTask(
  id: string,
  { taskName, classNames, inputShape }: TaskModel,
  file: string,
  template: Template,
): Required<Pick<TemplateOptions, 'model' | 'description'>> {
  // JSON is YAML, and quotes whatever the requester of the task has named.
  const lines =
    template === 'text'
      ? ['    bytes: true']
      : [
          ...(classNames ? [`    classes: ${JSON.stringify(classNames)}`] : []),
          `    input: ${JSON.stringify(inputShape)}`,
        ];
  const model = [
    `# The model of training task ${id}, as it was when this file was written; its history was checked on chain.`,
    'model:',
    '  onnx:',
    `    file: ${JSON.stringify(file)}`,
    ...lines,
    '',
  ].join('\n');
  return { model, description: `The model of training task ${id}: ${taskName}` };
}
