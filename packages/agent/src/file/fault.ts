/** One thing that is wrong in an agent file. */
export interface Fault {
  /** The key, such as `model.openai.url`; empty for the file as a whole. */
  path: string;
  /** Both from 1. */
  line: number;
  column: number;
  /** What is wrong; never quotes a value, which may be a secret. */
  message: string;
  /** What to do, as an imperative. */
  hint: string;
}
