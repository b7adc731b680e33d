import { ChorusError, type Terms } from '@chorus/protocol';
import { type Dataset, isOfChats, isOfText, type Trainer, textOf, tokenWindows } from '@chorus/training';

/** Most text of one task: tokenising it takes some minutes. */
const MAX_BYTES = 2 ** 25;

/**
 * @throws ChorusError `E_TASK_DATA` if a task trains a language model, and the data is no text
 */
export function checkIsText(dataset: Dataset): void {
  if (isOfText(dataset) || isOfChats(dataset)) return;
  throw new ChorusError(
    'E_TASK_DATA',
    'the task trains a language model on texts, and the local data is no text',
    {
      facts: { local: dataset.name },
      hint: 'register a folder of .txt or .md files, or of conversations in .jsonl files, with `chorus data add`; or join another task',
    },
  );
}

/**
 * Data as a task's model takes it: texts as sequences of the tokens of a language model, each text once; other data as
 * it is. The model's own process divides the texts, under its limits.
 */
export class TaskTexts {
  readonly #terms: Pick<Terms, 'data'>;
  readonly #trainer: Pick<Trainer, 'tokenise'>;
  readonly #signal: AbortSignal;
  readonly #fitted = new WeakMap<Dataset, Promise<Dataset>>();

  constructor(terms: Pick<Terms, 'data'>, trainer: Pick<Trainer, 'tokenise'>, signal: AbortSignal) {
    this.#terms = terms;
    this.#trainer = trainer;
    this.#signal = signal;
  }

  /**
   * @throws ChorusError `E_TASK_DATA` if texts are needed and the data is no text, `E_DATA_TOO_LARGE`, `E_DATA_FORMAT` if
   * the text is too short; as `Trainer.tokenise`
   */
  fit(dataset: Dataset): Promise<Dataset> {
    if (this.#terms.data.kind !== 'tokens' || dataset.kind === 'tokens') return Promise.resolve(dataset);
    let fitted = this.#fitted.get(dataset);
    if (!fitted) {
      fitted = this.#fit(dataset);
      this.#fitted.set(dataset, fitted);
      fitted.catch(() => this.#fitted.delete(dataset));
    }
    return fitted;
  }

  async #fit(dataset: Dataset): Promise<Dataset> {
    checkIsText(dataset);
    const text = await textOf(dataset);
    if (text.length > MAX_BYTES) {
      throw new ChorusError('E_DATA_TOO_LARGE', 'the text is too long for a task on tokens', {
        facts: { name: dataset.name, bytes: text.length, limit: MAX_BYTES },
        hint: 'divide it over several folders, and register one of them',
      });
    }
    const { inputShape, classes } = this.#terms.data;
    const tokens = await this.#trainer.tokenise(text, { isChats: isOfChats(dataset), signal: this.#signal });
    return tokenWindows(tokens, { context: inputShape[0]!, classes, name: dataset.name });
  }
}
