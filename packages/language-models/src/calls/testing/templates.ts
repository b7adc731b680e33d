/** Chat templates with tools, each with the marks and the forms of one family of models, and nothing else of it. */
import { readGguf } from '../../gguf/read.ts';
import { tinyModel } from '../../tiny/tiny-model.ts';
import { createTokenizer, type Tokenizer } from '../../tokenizer/tokenizer.ts';

const CHATML = `{% if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}
<tools>{% for tool in tools %}
{{ tool | tojson }}{% endfor %}
</tools>{{ '<|im_end|>\\n' }}{% elif messages[0].role == 'system' %}<|im_start|>system
{{ messages[0].content }}{{ '<|im_end|>\\n' }}{% endif %}{% for message in messages %}{% if message.role == 'tool' %}<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response>{{ '<|im_end|>\\n' }}{% elif message.role != 'system' %}<|im_start|>{{ message.role }}
{{ message.content }}{% for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}{{ '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

const LLAMA = `{% if tools is not none %}<|im_start|>system
Environment: ipython
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}{{ '<|im_end|>' }}{% endif %}{% for message in messages %}{% if message.tool_calls %}{% if message.tool_calls | length != 1 %}{{ raise_exception('one call at once') }}{% endif %}<|im_start|>assistant
{"name": "{{ message.tool_calls[0].function.name }}", "parameters": {{ message.tool_calls[0].function.arguments | tojson }}}{{ '<|im_end|>' }}{% elif message.role == 'tool' %}<|im_start|>ipython
{{ message.content | tojson }}{{ '<|im_end|>' }}{% else %}<|im_start|>{{ message.role }}
{{ message.content }}{{ '<|im_end|>' }}{% endif %}{% endfor %}<|im_start|>assistant
`;

const MISTRAL = `{% for message in messages %}{% if message.role == 'tool' %}[TOOL_RESULTS]{"content": {{ message.content }}, "call_id": "{{ message.tool_call_id }}"}{% elif message.tool_calls %}[TOOL_CALLS][{% for call in message.tool_calls %}{% if call.id | length != 9 %}{{ raise_exception('ids have nine letters') }}{% endif %}{{ call.function | tojson }}{% endfor %}]{% else %}{% if tools and loop.last %}{{ tools | tojson }}{% endif %}[INST]{{ message.content }}[/INST]{% endif %}{% endfor %}`;

const MISTRAL_NAMES = MISTRAL.replace(
  '[{% for call',
  '{% for call in message.tool_calls %}{{ call.function.name }}[ARGS]{{ call.function.arguments | tojson }}{% endfor %}{% for call',
).replace('{{ call.function | tojson }}{% endfor %}]', '{% endfor %}');

export const TEMPLATES = {
  hermes: CHATML,
  llama: LLAMA,
  mistral: MISTRAL,
  'mistral-names': MISTRAL_NAMES,
} as const;

/** The tiny model's tokenizer with another template. @param controls names that take the place of the last tokens */
export function tokenizerWith(template: string | null, controls: readonly string[] = []): Tokenizer {
  const { metadata } = readGguf(tinyModel());
  const tokens = metadata.get('tokenizer.ggml.tokens') as { values: readonly string[] };
  const types = metadata.get('tokenizer.ggml.token_type') as { values: readonly number[] };
  const size = tokens.values.length;
  const changed = new Map(metadata)
    .set('tokenizer.ggml.tokens', { type: 'array', of: 'string', values: [...tokens.values, ...controls] })
    .set('tokenizer.ggml.token_type', {
      type: 'array',
      of: 'int32',
      values: Array.from({ length: size + controls.length }, (_, id) => types.values[id] ?? 3),
    });
  if (template === null) changed.delete('tokenizer.chat_template');
  else changed.set('tokenizer.chat_template', { type: 'string', value: template });
  return createTokenizer({ metadata: changed });
}
