import { describe, expect, it } from 'vitest';
import { chorusToken, taskLibraries, taskManager } from './artifacts.ts';
import { linkCode, linkDeployedCode } from './link.ts';

const addresses = Object.fromEntries(
  taskLibraries.map(({ contractName }, i) => [contractName, `0x${String(i + 10).repeat(20)}`]),
);

describe('linking', () => {
  it('puts every library’s address wherever it belongs, and nothing else changes', () => {
    for (const [code, linked, references] of [
      [taskManager.bytecode, linkCode(taskManager, addresses), taskManager.linkReferences],
      [
        taskManager.deployedBytecode,
        linkDeployedCode(taskManager, addresses),
        taskManager.deployedLinkReferences,
      ],
    ] as const) {
      expect(code).toMatch(/__\$/);
      expect(linked).toMatch(/^0x[0-9a-f]+$/);
      expect(linked).toHaveLength(code.length);
      let rest = linked;
      const names = Object.values(references).flatMap((libraries) => Object.entries(libraries));
      expect(names.map(([name]) => name).sort()).toEqual(Object.keys(addresses).sort());
      for (const [name, ranges] of names) {
        for (const { start, length } of ranges) {
          const [from, to] = [2 + 2 * start, 2 + 2 * (start + length)];
          expect(linked.slice(from, to)).toBe(addresses[name]!.slice(2));
          rest = rest.slice(0, from) + code.slice(from, to) + rest.slice(to);
        }
      }
      expect(rest).toBe(code);
    }
  });

  it('without an address, or with something else, is refused', () => {
    const { TaskRounds: _, ...missing } = addresses;
    expect(() => linkCode(taskManager, missing)).toThrow(RangeError);
    expect(() => linkCode(taskManager, { ...addresses, TaskRounds: '0x12' })).toThrow(RangeError);
    expect(() => linkDeployedCode(taskManager, {})).toThrow(RangeError);
  });

  it('leaves a contract without libraries as it is', () => {
    expect(linkCode(chorusToken, {})).toBe(chorusToken.bytecode);
    for (const library of taskLibraries) expect(library.linkReferences).toEqual({});
  });

  it('the task contract’s ABI has the errors of its libraries, each once', () => {
    const errors = taskManager.abi
      .filter(({ type }) => type === 'error')
      .map((entry) => JSON.stringify(entry));
    expect(new Set(errors).size).toBe(errors.length);
    for (const library of taskLibraries) {
      for (const entry of library.abi) {
        if (entry.type === 'error') expect(errors).toContain(JSON.stringify(entry));
      }
    }
    expect(errors.some((entry) => entry.includes('SafeERC20FailedOperation'))).toBe(true);
  });
});
