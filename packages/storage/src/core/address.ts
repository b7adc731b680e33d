import { ChorusError, digestOfCid } from '@chorus/protocol';
import { CID } from 'multiformats/cid';

export const RAW = 0x55;
export const DAG_PB = 0x70;

/**
 * The CID of a file as this network writes them: version 1, sha2-256, raw or dag-pb.
 * @throws ChorusError `E_CID`
 */
export function parseCid(text: string): CID {
  digestOfCid(text);
  const cid = CID.parse(text);
  if (cid.code !== RAW && cid.code !== DAG_PB) {
    throw new ChorusError('E_CID', 'a file is a raw block or a dag-pb tree', { facts: { cid: text } });
  }
  return cid;
}
