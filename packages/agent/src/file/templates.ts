/** The kinds of agent files that `chorus agent init` writes. */
export const TEMPLATES = ['chat', 'language', 'classify', 'text'] as const;
export type Template = (typeof TEMPLATES)[number];

const MODELS: Readonly<Record<Template, string>> = {
  chat: `# Any endpoint that speaks the OpenAI API. A key stays in the environment: key: \${env:LLM_KEY}
model:
  openai:
    url: http://127.0.0.1:11434/v1
    name: qwen3:8b
`,
  language: `# A language model on this machine: a GGUF file, such as SmolLM2, Llama 3 or Qwen as Q8_0.
model:
  gguf:
    file: ./model.gguf
    # adapter: ./adapter.gguf   # what a training task has made of it: chorus model get
    sampling: { temperature: 0.7, topP: 0.95 }
`,
  classify: `# An ONNX classifier: one input [N, ...], first output [N, classes]. It answers with a label and its confidence.
model:
  onnx:
    file: ./model.onnx
    # classes: ./classes.txt    # one name a line; without it, labels are numbers
    # input: [1, 28, 28]        # [channels, height, width]; without it, what the ONNX file says
`,
  text: `# An ONNX language model over bytes (a vocabulary of 256): it continues the text that it is sent.
model:
  onnx:
    file: ./model.onnx
    bytes: { length: 400, temperature: 0.8, topK: 40 }
`,
};

const DESCRIPTIONS: Readonly<Record<Template, string>> = {
  chat: 'Answers questions.',
  language: 'Answers questions.',
  classify: 'Says which class an image or a list of numbers belongs to.',
  text: 'Continues a text.',
};

/** What a file of a template has in place of its defaults. */
export interface TemplateOptions {
  name: string;
  /** Where editors find the JSON Schema, from the file. */
  schema: string;
  /** YAML of the model, from its key on; that of the template by default. */
  model?: string;
  /** The task whose trainers a part of the price could go to; null: none. */
  task?: string | null;
  description?: string;
}

/** How those who trained a model can be paid for its use. */
const shareText = (task: string): string => `
# What a call costs, and who gets a part of it: here a fifth goes to those who trained the model.
# price: 0.01 CHOR
# share: { trainers: [{ task: ${task}, percent: 20 }] }
`;

/** A commented agent file. */
export function templateText(template: Template, options: TemplateOptions): string {
  const {
    name,
    schema,
    model = MODELS[template],
    description = DESCRIPTIONS[template],
    task = null,
  } = options;
  const instructions =
    template === 'chat' || template === 'language' ? '\ninstructions: Answer briefly.\n' : '';
  return `# yaml-language-server: $schema=${schema}
# An agent. Check it with: chorus agent check FILE    Talk to it with: chorus agent run FILE
chorus: agent/1
name: ${JSON.stringify(name)}
description: ${JSON.stringify(description)}

${model}${instructions}${task === null ? '' : shareText(task)}
# What one request may use at most; these are the defaults.
limits:
  steps: 12
  tokens: 32000
  seconds: 120
  concurrent: 4
`;
}
