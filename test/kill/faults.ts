import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenInstallation } from './installation.ts'
import type { StoreWatch } from './stage-watch.ts'

export const faultNames = ['temp folder full', 'store down', 'kill -9'] as const
export type FaultName = (typeof faultNames)[number]

export interface Fault {
  readonly name: FaultName
  readonly begin: () => void
  /** All is as it was before. */
  readonly end: () => Promise<void>
  /** What an owner may be told on its account. */
  readonly words: RegExp
}

const ballast = 'ballast'

/** A small file system for temporary files; undefined where none can be mounted, which takes root. */
export function mountSmallDisk(folder: string, megabytes: number) {
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  const unmount = () => {
    try {
      execFileSync('umount', ['--lazy', folder], { stdio: 'ignore' })
    } catch {
      // It is unmounted already.
    }
  }
  return { folder, unmount }
}

export const isBallast = (name: string) => name === ballast

const fullDisk = (folder: string): Fault => ({
  name: 'temp folder full',
  words: /^(?:The folder for temporary files is full|The disk for temporary files is full)\.?$/,
  begin() {
    const file = openSync(join(folder, ballast), 'w')
    try {
      for (const size of [1 << 20, 4096, 1]) fill(file, Buffer.alloc(size))
    } finally {
      closeSync(file)
    }
  },
  end: async () => rmSync(join(folder, ballast), { force: true }),
})

function fill(file: number, block: Buffer) {
  try {
    while (writeSync(file, block) > 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}

const storeDown = (watch: StoreWatch): Fault => ({
  name: 'store down',
  words: /^The object store (?:is not available|did not answer in time|broke off)\.?$/,
  begin: watch.unplug,
  end: async () => watch.plugIn(),
})

const killed = (installation: OpenInstallation): Fault => ({
  name: 'kill -9',
  words: /^The worker ended in the middle of it, again and again\.?$/,
  begin: installation.kill,
  end: () => installation.restart(),
})

export const faultsOf = ({ installation, watch, disk }: { readonly installation: OpenInstallation; readonly watch: StoreWatch; readonly disk: string | undefined }): readonly Fault[] => [
  ...(disk === undefined ? [] : [fullDisk(disk)]),
  storeDown(watch),
  killed(installation),
]
