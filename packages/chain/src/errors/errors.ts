import type { AbiEntry } from '@chorus/contracts';
import { ChorusError, type ErrorInit, type Hex, reasonOf } from '@chorus/protocol';
import { type ErrorDescription, ErrorFragment, Interface } from 'ethers';
import { ARTIFACTS } from '../abi/abis.ts';
import { LIBRARY_REFUSALS } from './openzeppelin.ts';
import { REFUSALS, type Refusal } from './refusals.ts';

/** Thrown if the chain refused something, or could not be reached. Codes: see `ChainPort`. */
export class ChainError extends ChorusError {}

/** The ABIs whose errors are decoded: those of all deployed contracts. */
const ERRORS = new Interface([
  ...new Map(
    [...ARTIFACTS.values()]
      .flatMap(({ abi }) => abi)
      .flatMap((entry) => (entry.type === 'error' ? [[signature(entry), entry]] : [])),
  ).values(),
]);

function signature(entry: AbiEntry): string {
  return ErrorFragment.from(entry).format('sighash');
}

/** The port's error for a revert's data; undefined if it is not one of the contracts' errors. */
export function decodeRevert(data: Hex, action: string, cause?: unknown): ChainError | undefined {
  let error: ErrorDescription | null;
  try {
    error = ERRORS.parseError(data);
  } catch {
    return undefined;
  }
  if (error === null) return undefined;
  return refusal(error.name, action, namedArguments(error), cause);
}

/** The port's error for one of the contracts' custom errors, by name. The in-memory chain uses it too. */
export function refusal(
  name: string,
  action: string,
  facts: ErrorInit['facts'] = {},
  cause?: unknown,
): ChainError {
  const [code, message, hint] = REFUSALS[name] ?? LIBRARY_REFUSALS[name] ?? unknownRefusal(name);
  return new ChainError(code, message, {
    facts: { action, check: name, ...facts },
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Errors of other contracts, a token's for instance. */
function unknownRefusal(name: string): Refusal {
  return ['E_CHAIN_REVERTED', `the contract refused: ${name}`, 'see the documentation of that contract'];
}

/** The data of a revert inside whatever ethers or the node wrapped around it. */
export function revertData(error: unknown): Hex | undefined {
  for (let e = error, depth = 0; typeof e === 'object' && e !== null && depth < 6; depth++) {
    const { data, info, error: inner, cause } = e as Record<string, unknown>;
    if (typeof data === 'string' && /^0x([0-9a-f]{2}){4,}$/i.test(data)) return data as Hex;
    e = info ?? inner ?? cause;
  }
  return undefined;
}

/** Turn anything a JSON-RPC call threw into a `ChainError`. */
export function toChainError(error: unknown, action: string): ChainError {
  if (error instanceof ChainError) return error;
  const data = revertData(error);
  // Its meaning is known: the text of ethers, with the call's data, adds nothing.
  const decoded = data === undefined ? undefined : decodeRevert(data, action);
  if (decoded) return decoded;
  const { code } = error as { code?: unknown };
  if (code === 'INSUFFICIENT_FUNDS') {
    return new ChainError('E_CHAIN_NO_GAS', 'the account cannot pay for gas', {
      facts: { action },
      hint: "fund the account with the chain's own coin",
      cause: error,
    });
  }
  if (code === 'CALL_EXCEPTION') {
    return new ChainError('E_CHAIN_REVERTED', 'the contract reverted without a known reason', {
      facts: { action },
      hint: 'check that the address is a task contract of this version',
      cause: error,
    });
  }
  const said = rpcMessage(error);
  return new ChainError('E_CHAIN_UNREACHABLE', said ? 'the endpoint failed' : 'the chain did not answer', {
    facts: { action, ...(said ? { said } : {}) },
    hint: 'check the URL of the JSON-RPC endpoint and that it is up',
    cause: error,
  });
}

/** Maximum shown length of an endpoint's message. */
const MAX_SAID = 160;

/** An endpoint's message in a JSON-RPC error; ethers keeps it inside its own error. */
function rpcMessage(error: unknown): string | null {
  const { error: inner, info } = error as { error?: unknown; info?: { error?: unknown } };
  const { message } = ((inner ?? info?.error) as { message?: unknown } | null | undefined) ?? {};
  return typeof message === 'string' ? reasonOf(new Error(message.slice(0, MAX_SAID))) : null;
}

/** Solidity's own errors do not name what they carry. */
const UNNAMED: Readonly<Record<string, string>> = { Error: 'reason', Panic: 'code' };

function namedArguments(error: ErrorDescription): NonNullable<ErrorInit['facts']> {
  return Object.fromEntries(
    error.fragment.inputs.map((input, i) => {
      const value: unknown = error.args[i];
      return [
        input.name || UNNAMED[error.name] || `argument${i}`,
        typeof value === 'bigint' ? value : String(value),
      ];
    }),
  );
}
