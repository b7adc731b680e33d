/** What has to be closed again: the latest first. */
export class Teardown {
  readonly #closers: (() => Promise<void> | void)[] = [];

  /** Close this before everything that was added earlier. */
  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /**
   * Close everything, the latest first. A part that fails to close does not keep the others open.
   * @throws the first failure, when all is closed
   */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
