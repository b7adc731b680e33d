import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Vulkan driver that computes on the CPU, for processes started with `env`. */
export interface SoftwareVulkan {
  env: Record<string, string>;
  remove(): Promise<void>;
}

/**
 * SwiftShader and a Vulkan loader out of Debian's `chromium-common`, unpacked into a temporary folder: nothing is
 * installed. Mesa's llvmpipe would not do, it lacks a feature that onnxruntime's WebGPU provider asks for.
 *
 * @returns the driver, or why it does not exist
 */
export async function softwareVulkan(): Promise<SoftwareVulkan | { missing: string }> {
  if (process.platform !== 'linux') return { missing: `Debian is needed, this is ${process.platform}` };
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID=debian$/m.test(release)) return { missing: 'Debian is needed for its chromium package' };
  const folder = await mkdtemp(join(tmpdir(), 'chorus-vulkan-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const download = () => run('apt-get', ['download', 'chromium-common'], { cwd: folder, timeout: 300_000 });
    await download().catch(async () => {
      // The package lists may be missing or old; only root may fetch them.
      if (process.getuid?.() !== 0) throw new Error('apt-get has no current lists, and this is not root');
      await run('apt-get', ['update', '-qq'], { timeout: 300_000 });
      await download();
    });
    const archive = (await readdir(folder)).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded nothing');
    await run('dpkg-deb', ['-x', archive, '.'], { cwd: folder });
    const libraries = join(folder, 'usr/lib/chromium');
    const driver = join(libraries, 'vk_swiftshader_icd.json');
    await access(driver);
    return {
      env: { LD_LIBRARY_PATH: libraries, VK_DRIVER_FILES: driver, XDG_RUNTIME_DIR: folder },
      remove,
    };
  } catch (error) {
    await remove();
    return { missing: `no software Vulkan driver: ${(error as Error).message.split('\n')[0]}` };
  }
}
