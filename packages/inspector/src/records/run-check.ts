import { describeError } from '@chorus/protocol';

/** One check: its name, whether it holds, and how long it took. */
export interface Check {
  check: string;
  ok: boolean;
  /** What was found, or why it failed. */
  detail?: string;
  milliseconds: number;
}

/** Run one check: `test` returns the fault it found, or nothing; throwing is a fault too. */
export async function runCheck(
  check: string,
  test: () => string | undefined | Promise<string | undefined>,
): Promise<Check> {
  const start = performance.now();
  let fault: string | undefined;
  try {
    fault = await test();
  } catch (error) {
    fault = describeError(error);
  }
  const milliseconds = performance.now() - start;
  return { check, ok: fault === undefined, ...(fault === undefined ? {} : { detail: fault }), milliseconds };
}
