import type { Part, Task } from '@a2a-js/sdk';

/** The task with the chunks of streamed text in one part each, as one who did not watch expects it. */
export function compacted(task: Task): Task {
  return {
    ...task,
    artifacts: task.artifacts.map((artifact) => ({ ...artifact, parts: joined(artifact.parts) })),
  };
}

function joined(parts: Part[]): Part[] {
  const result: Part[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (last && isPlain(last) && isPlain(part) && last.mediaType === part.mediaType) {
      const value = `${textOf(last)}${textOf(part)}`;
      result[result.length - 1] = { ...last, content: { $case: 'text', value } };
    } else {
      result.push(part);
    }
  }
  return result;
}

const textOf = (part: Part): string => (part.content?.$case === 'text' ? part.content.value : '');

const isPlain = (part: Part): boolean =>
  part.content?.$case === 'text' && part.filename === '' && Object.keys(part.metadata ?? {}).length === 0;
