import { checkNewPassword } from '@chorus/node';
import { ChorusError, keepSecret } from '@chorus/protocol';
import { write } from '../output/terminal.ts';
import { givenPath } from './environment.ts';
import { Interrupted } from './exit.ts';
import { readSecretFile } from './secret-file.ts';
import { dropTypedAhead } from './typed-ahead.ts';

/**
 * The password of a wallet: from the file CHORUS_PASSWORD_FILE names, or asked for on the terminal. Never from the
 * command line, which every user of the machine can read, nor from the environment, which stays readable in
 * /proc/PID/environ for as long as the process lives, and which child processes and crash reports get.
 */
export function passwordSource(question = 'Password of the wallet'): (again?: boolean) => Promise<string> {
  return async (again = false) => {
    const given = await givenPassword();
    return given ?? ask(again ? 'Wrong password. Try again' : question);
  };
}

/** The password of a wallet that is about to be made: asked for twice if it is typed. */
export async function newPassword(question = 'Password for the new wallet'): Promise<string> {
  return checked(await givenPassword(), question);
}

/** Another password for a copy of a wallet: from the file CHORUS_NEW_PASSWORD_FILE names, or asked for. */
export async function otherPassword(question: string): Promise<string> {
  const path = process.env.CHORUS_NEW_PASSWORD_FILE;
  return checked(path ? await readPasswordFile(path, 'CHORUS_NEW_PASSWORD_FILE') : null, question);
}

async function checked(given: string | null, question: string): Promise<string> {
  if (given !== null) {
    checkNewPassword(given);
    return given;
  }
  for (;;) {
    const first = await ask(question, strong);
    const second = await ask('Repeat the password (press Enter to start over)');
    if (second === first) return first;
    if (second !== '') write(process.stderr, 'The passwords differ. Start again.\n');
  }
}

/** What is wrong with a chosen password. */
function strong(text: string | undefined): string | undefined {
  try {
    checkNewPassword(text ?? '');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function givenPassword(): Promise<string | null> {
  const path = process.env.CHORUS_PASSWORD_FILE;
  if (path) return readPasswordFile(path, 'CHORUS_PASSWORD_FILE');
  if (!process.env.CHORUS_PASSWORD) return null;
  throw new ChorusError('E_PASSWORD_EXPOSED', 'CHORUS_PASSWORD is not accepted', {
    hint:
      'the environment of a process can be read while it lives: put the password into a file that only you can ' +
      'read, and its path into CHORUS_PASSWORD_FILE; a service gets it as a systemd credential',
  });
}

async function readPasswordFile(given: string, variable: string): Promise<string> {
  const path = givenPath(given, variable);
  try {
    const secret = await readSecretFile(path);
    if (secret !== '') return secret;
  } catch (cause) {
    throw new ChorusError('E_PASSWORD_MISSING', 'cannot read the password file', {
      facts: { variable, path, reason: (cause as NodeJS.ErrnoException).code },
      hint: `write the password into it, in one line, and make it readable by you alone (chmod 600); or correct the path in ${variable}`,
      cause,
    });
  }
  throw new ChorusError('E_PASSWORD_MISSING', 'the password file is empty', {
    facts: { variable, path },
    hint: 'put the password into it, in one line',
  });
}

/** Users may type ahead between two questions: the terminal does not show that text. */
let hasAsked = false;

async function ask(
  message: string,
  validate?: (text: string | undefined) => string | undefined,
): Promise<string> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new ChorusError('E_PASSWORD_MISSING', 'a password is needed and there is no terminal to ask on', {
      hint: 'put it into a file, and its path into CHORUS_PASSWORD_FILE',
    });
  }
  const { isCancel, password: prompt } = await import('@clack/prompts');
  if (!hasAsked && (await dropTypedAhead(process.stdin, process.stderr))) {
    write(
      process.stderr,
      'The screen showed what you typed before the question, so it is ignored. Type it now:\n',
    );
  }
  hasAsked = true;
  const answer = await prompt({ message, output: process.stderr, ...(validate ? { validate } : {}) });
  if (isCancel(answer)) throw new Interrupted();
  // The prompt gives nothing at all for an empty line.
  const typed = answer ?? '';
  keepSecret(typed);
  return typed;
}
