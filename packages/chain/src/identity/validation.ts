import { randomBytes } from 'node:crypto';
import { hasCode, type Receipt, sameAddress, toHex } from '@chorus/protocol';
import { ATTESTOR, VALIDATIONS } from '../abi/abis.ts';
import type { ContractAddresses } from '../contracts/addresses.ts';
import type { TaskReader } from '../read/reader.ts';
import type { Writer } from '../write/writer.ts';

/**
 * Ask the attestor to rate an identity's rounds of a task, in the ERC-8004 validation registry.
 *
 * There a request's hash belongs to the account that uses it first. If another account has used the hash of this task
 * and identity, the request gets a random one, which the attestor learns.
 */
export async function requestValidation(
  reader: TaskReader,
  writer: Writer,
  { attestor, validations }: ContractAddresses,
  taskId: bigint,
  agentId: bigint,
): Promise<Receipt> {
  const action = 'request a validation';
  const request = (hash: string): Promise<Receipt> => {
    const args = [attestor, agentId, '', hash];
    return writer.receipt({ action, to: validations, abi: VALIDATIONS, name: 'validationRequest', args });
  };
  const [hash] = await reader.view('requestHashOf', [taskId, agentId], attestor, ATTESTOR);
  try {
    return await request(hash);
  } catch (error) {
    if (!hasCode(error, 'E_CHAIN_ALREADY_DONE')) throw error;
    const found = await reader.view('getValidationStatus', [hash], validations, VALIDATIONS);
    if (found.agentId === agentId && sameAddress(found.validatorAddress, attestor)) throw error;
  }
  const salt = toHex(randomBytes(32));
  const [salted] = await reader.view('saltedRequestHash', [taskId, agentId, salt], attestor, ATTESTOR);
  await request(salted);
  return writer.receipt({
    action,
    to: attestor,
    abi: ATTESTOR,
    name: 'useRequest',
    args: [taskId, agentId, salt],
  });
}
