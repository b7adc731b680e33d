/** Where the build has put a worker. */
declare module '*?worker&url' {
  const url: string;
  export default url;
}

/** Of the Trusted Types API what this page uses: TypeScript does not declare it, and not every browser has it. */
declare var trustedTypes:
  | {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): unknown };
    }
  | undefined;
