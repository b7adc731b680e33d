import type { ContractArtifact, LinkReferences } from './artifacts.ts';

/**
 * A contract's creation code with the addresses of its libraries in place.
 * @param libraries address of each linked library by its name; further ones are ignored
 * @throws RangeError where one is missing or is no address
 */
export function linkCode(artifact: ContractArtifact, libraries: Readonly<Record<string, string>>): string {
  return link(artifact.bytecode, artifact.linkReferences, libraries);
}

/** Likewise the code on chain, still with zeros in `immutableReferences`. */
export function linkDeployedCode(
  artifact: ContractArtifact,
  libraries: Readonly<Record<string, string>>,
): string {
  return link(artifact.deployedBytecode, artifact.deployedLinkReferences, libraries);
}

function link(code: string, references: LinkReferences, libraries: Readonly<Record<string, string>>): string {
  let linked = code;
  for (const [name, ranges] of Object.values(references).flatMap((library) => Object.entries(library))) {
    const address = libraries[name];
    if (address === undefined || !/^0x[0-9a-fA-F]{40}$/.test(address)) {
      throw new RangeError(`no address to link ${name} to`);
    }
    for (const { start, length } of ranges) {
      const from = 2 + 2 * start;
      linked = linked.slice(0, from) + address.slice(2).toLowerCase() + linked.slice(from + 2 * length);
    }
  }
  return linked;
}
