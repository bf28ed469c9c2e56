import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createLocalDisk } from '../../src/adapters/local-disk/local-disk.ts'
import { objectStorageContract } from './object-storage.contract.ts'

// The links of the disk store are served by the app, and so checked with it.
const links = { get: () => 'unused', put: () => ({ url: 'unused', headers: {} }) }

objectStorageContract('local disk', async () => {
  const root = await mkdtemp(join(tmpdir(), 'object-storage-'))
  return {
    store: createLocalDisk({ root, links }),
    another: createLocalDisk({ root, links }),
    async close() {
      // After all those puts broken off, nothing may lie about: every check cleans up, and the suite deletes what it made.
      const left = await readdir(root, { recursive: true })
      await rm(root, { recursive: true })
      expect(left.filter((name) => !['.temp', '.multipart'].includes(name) && !name.startsWith('.multipart/'))).toEqual([])
    },
  }
})
