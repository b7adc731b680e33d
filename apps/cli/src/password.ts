import { checkNewPassword, type PasswordSource } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { Interrupted } from './exit.ts';
import { readSecretFile } from './secret-file.ts';

/**
 * The password of a wallet: from the file CHORUS_PASSWORD_FILE names, or asked for on the terminal. Never from the
 * command line, which every user of the machine can read, nor from the environment, which stays readable in
 * /proc/PID/environ for as long as the process lives, and which child processes and crash reports get.
 */
export function passwordSource(question = 'Password of the wallet'): PasswordSource {
  return async () => {
    const given = await givenPassword();
    return given ?? ask(question);
  };
}

/** The password of a wallet that is about to be made: asked for twice where it is typed. */
export async function newPassword(question = 'Password for the new wallet'): Promise<string> {
  return checked(await givenPassword(), question);
}

/** Another password for a copy of a wallet: from the file CHORUS_NEW_PASSWORD_FILE names, or asked for. */
export async function otherPassword(question: string): Promise<string> {
  const path = process.env.CHORUS_NEW_PASSWORD_FILE;
  return checked(path === undefined ? null : await readPasswordFile(path), question);
}

async function checked(given: string | null, question: string): Promise<string> {
  if (given !== null) {
    checkNewPassword(given);
    return given;
  }
  const first = await ask(question, (text) => {
    try {
      checkNewPassword(text ?? '');
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  });
  await ask('The same again', (text) => (text === first ? undefined : 'It is not the same.'));
  return first;
}

async function givenPassword(): Promise<string | null> {
  const path = process.env.CHORUS_PASSWORD_FILE;
  if (path !== undefined) return readPasswordFile(path);
  if (process.env.CHORUS_PASSWORD === undefined) return null;
  throw new ChorusError('E_PASSWORD_EXPOSED', 'a password in CHORUS_PASSWORD is not taken', {
    hint:
      'the environment of a process can be read while it lives: put the password into a file that only you can ' +
      'read, and its path into CHORUS_PASSWORD_FILE; a service gets it as a systemd credential',
  });
}

async function readPasswordFile(path: string): Promise<string> {
  try {
    return await readSecretFile(path);
  } catch (cause) {
    throw new ChorusError('E_PASSWORD_MISSING', 'cannot read the password file', {
      facts: { path },
      cause,
    });
  }
}

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
  const answer = await prompt({ message, output: process.stderr, ...(validate ? { validate } : {}) });
  if (isCancel(answer)) throw new Interrupted();
  return answer;
}
