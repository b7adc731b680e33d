import { useId } from 'preact/hooks';

interface TextFieldOptions {
  /** What is to be written. */
  name: string;
  value: string;
  onChange: (text: string) => void;
  /** Characters that it takes. */
  most: number;
  /** Keys that a phone shows. */
  inputMode?: 'text' | 'decimal' | 'numeric';
  placeholder?: string;
  /** Lines; without them it is one. */
  rows?: number;
}

/** A text that the user writes, with its name above. */
export function TextField({ name, value, onChange, most, rows, ...input }: TextFieldOptions) {
  const id = useId();
  const common = { id, value, maxLength: most };
  return (
    <div class="field">
      <label for={id}>{name}</label>
      {rows === undefined ? (
        <input type="text" {...common} {...input} onInput={(event) => onChange(event.currentTarget.value)} />
      ) : (
        <textarea rows={rows} {...common} onInput={(event) => onChange(event.currentTarget.value)} />
      )}
    </div>
  );
}
