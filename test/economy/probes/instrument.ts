import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const PACKAGE = new URL('../../../packages/contracts/', import.meta.url);
const require = createRequire(new URL('src/build/compile.ts', PACKAGE));

/** First half of every probe's number: no other 16-byte number begins like this by chance. */
export const MAGIC = 'c04e7a6ec04e7a6e';

/** A place that a test may reach. */
export interface Probe {
  /** 16 bytes, hex. */
  id: string;
  file: string;
  line: number;
  kind: 'statement' | 'branch' | 'function';
  text: string;
}

export interface Instrumented {
  /** Contents by path, as the compiler knows it: `contracts/NAME.sol`. */
  sources: Record<string, string>;
  /** sha256 of what each was made from. */
  originals: Record<string, string>;
  probes: Probe[];
}

interface Node {
  nodeType: string;
  src: string;
  [key: string]: unknown;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

// biome-ignore lint/suspicious/noExplicitAny: the npm package has no types
export const solc = (): any => require('solc');

/** Paths of the product's sources; generated ones hold numbers only. */
function paths(folder = 'contracts/'): string[] {
  return readdirSync(new URL(folder, PACKAGE), { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) {
      return ['generated', 'interfaces'].includes(entry.name) ? [] : paths(`${folder}${entry.name}/`);
    }
    return entry.name.endsWith('.sol') ? [folder + entry.name] : [];
  });
}

/**
 * The sources with a probe before each statement and in each branch: a store of a number of its own to scratch memory,
 * which Solidity leaves free between statements, also in pure functions. A trace of the stores tells what was reached,
 * wherever the code runs: no source maps, and constructors and delegated calls like everything else.
 *
 * Branches are the arms of `if` (a missing `else` is one), of `? :` and of `try`.
 */
export function instrument(): Instrumented {
  const result: Instrumented = { sources: {}, originals: {}, probes: [] };
  for (const path of paths()) {
    const source = readFileSync(new URL(path, PACKAGE), 'utf8');
    result.originals[path] = sha256(source);
    result.sources[path] = instrumentFile(path, source, parse(path, source), result.probes);
  }
  return result;
}

function parse(path: string, source: string): Node {
  const input = {
    language: 'Solidity',
    sources: { [path]: { content: source } },
    settings: { stopAfter: 'parsing', outputSelection: { '*': { '': ['ast'] } } },
  };
  return JSON.parse(solc().compile(JSON.stringify(input))).sources[path].ast;
}

function instrumentFile(path: string, source: string, ast: Node, probes: Probe[]): string {
  const bytes = Buffer.from(source);
  const inserts: { at: number; order: number; text: string }[] = [];
  let helpers = '';
  const insert = (at: number, text: string): void => void inserts.push({ at, order: inserts.length, text });

  const start = (node: Node): number => Number(node.src.split(':')[0]);
  const rawEnd = (node: Node): number => start(node) + Number(node.src.split(':')[1]);
  /** With the semicolon, which is not part of a statement's range. */
  const end = (node: Node): number => {
    if (node.nodeType === 'IfStatement') return end((node.falseBody ?? node.trueBody) as Node);
    if (['ForStatement', 'WhileStatement'].includes(node.nodeType)) return end(node.body as Node);
    let at = rawEnd(node);
    if (['Block', 'UncheckedBlock', 'InlineAssembly', 'TryStatement'].includes(node.nodeType)) return at;
    while (/\s/.test(String.fromCharCode(bytes[at]!))) at++;
    return bytes[at] === 0x3b ? at + 1 : rawEnd(node);
  };
  const probe = (node: Node, kind: Probe['kind'], note = ''): string => {
    const number = probes.length.toString(16).padStart(16, '0');
    const id = MAGIC + number;
    const line = bytes.subarray(0, start(node)).toString().split('\n').length;
    const text = bytes.subarray(start(node), rawEnd(node)).toString().split('\n')[0]! + note;
    probes.push({ id, file: path, line, kind, text });
    return `assembly ("memory-safe") { mstore(0, 0x${id}) } `;
  };

  const body = (node: Node, first: string): void => {
    const block = node.nodeType === 'Block' || node.nodeType === 'UncheckedBlock';
    if (block) {
      const brace = bytes.indexOf('{', start(node));
      insert(brace + 1, ` ${first}`);
      visit(node);
    } else {
      insert(start(node), `{ ${first}${probe(node, 'statement')}`);
      visit(node);
      insert(end(node), ' }');
    }
  };

  const visit = (node: Node): void => {
    switch (node.nodeType) {
      case 'FunctionDefinition':
      case 'ModifierDefinition':
        if (node.body) body(node.body as Node, probe(node, 'function'));
        return;
      case 'Block':
      case 'UncheckedBlock':
        for (const statement of node.statements as Node[]) {
          if (!['Block', 'UncheckedBlock'].includes(statement.nodeType)) {
            insert(start(statement), probe(statement, 'statement'));
          }
          visit(statement);
        }
        return;
      case 'IfStatement':
        visit(node.condition as Node);
        body(node.trueBody as Node, probe(node, 'branch', ' [true]'));
        if (node.falseBody) body(node.falseBody as Node, probe(node, 'branch', ' [false]'));
        else insert(end(node), ` else { ${probe(node, 'branch', ' [false]')}}`);
        return;
      case 'ForStatement':
      case 'WhileStatement':
        body(node.body as Node, '');
        return;
      case 'TryStatement':
        for (const clause of node.clauses as Node[])
          body(clause.block as Node, probe(clause, 'branch', ' [try]'));
        return;
      case 'Conditional': {
        const condition = node.condition as Node;
        const name = `__arm${probes.length}`;
        const [yes, no] = [probe(node, 'branch', ' [true]'), probe(node, 'branch', ' [false]')];
        helpers += `\nfunction ${name}(bool c) pure returns (bool) { if (c) { ${yes}} else { ${no}} return c; }`;
        insert(start(condition), `${name}(`);
        visit(condition);
        insert(rawEnd(condition), ')');
        visit(node.trueExpression as Node);
        visit(node.falseExpression as Node);
        return;
      }
      case 'InlineAssembly':
      case 'VariableDeclaration':
        return;
      default:
        for (const value of Object.values(node)) {
          for (const child of Array.isArray(value) ? value : [value]) {
            if (typeof child === 'object' && child !== null && 'nodeType' in child) visit(child as Node);
          }
        }
    }
  };
  visit(ast);

  inserts.sort((a, b) => a.at - b.at || a.order - b.order);
  const pieces: (Buffer | string)[] = [];
  let from = 0;
  for (const { at, text } of inserts) {
    pieces.push(bytes.subarray(from, at), text);
    from = at;
  }
  return pieces.concat(bytes.subarray(from)).map(String).join('') + helpers;
}

/** Settings that keep every probe: nothing but what makes room on the stack. */
export const SETTINGS = {
  evmVersion: 'cancun',
  viaIR: true,
  optimizer: {
    enabled: false,
    details: { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: 'u' } },
  },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
};
