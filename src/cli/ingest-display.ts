import { basename } from 'node:path'
import { MultiBar, type SingleBar } from 'cli-progress'
import type { IngestedFile } from '../features/ingest/ingest.service.ts'
import type { FoundFile } from './find-files.ts'

interface ShownFile {
  readonly progress: (bytes: number) => void
  readonly done: (result: IngestedFile) => void
  readonly failed: (reason: string) => void
}

export interface IngestDisplay {
  readonly begin: (file: string, size: number) => ShownFile
  /** A line about what goes on after the upload. */
  readonly note: (text: string) => void
  /** Says how it came out; answers how many failed. */
  readonly end: () => number
}

/** A bar per file under way and one over all for people; a JSON line per file, and one at the end, for programs. */
export function ingestDisplay(files: readonly FoundFile[], { json }: { readonly json: boolean }): IngestDisplay {
  const counts = { uploaded: 0, skipped: 0, failed: 0 }
  const line = (value: unknown) => void process.stdout.write(`${JSON.stringify(value)}\n`)
  const failures: string[] = []
  const bars = json ? undefined : openBars(files)

  return {
    begin(file, size) {
      const bar = bars?.add(basename(file), size)
      return {
        progress: (bytes) => bar?.to(bytes),
        done({ state, assetId, path }) {
          counts[state] += 1
          bar?.end(size)
          if (json) line({ file, asset_id: assetId, path, state })
        },
        failed(error) {
          counts.failed += 1
          bar?.end(size)
          failures.push(`${file}: ${error}`)
          if (json) line({ file, asset_id: null, path: null, state: 'failed', error })
        },
      }
    },
    note: (text) => (json ? undefined : void process.stderr.write(`${text}\n`)),
    end() {
      bars?.stop()
      if (json) line(counts)
      else process.stdout.write([...failures.map((each) => `FAILED  ${each}`), `${counts.uploaded} uploaded, ${counts.skipped} skipped, ${counts.failed} failed`, ''].join('\n'))
      return counts.failed
    },
  }
}

function openBars(files: readonly FoundFile[]) {
  const total = files.reduce((sum, each) => sum + each.size, 0)
  const bars = new MultiBar({ format: '{bar} {percentage}%  {name}', barsize: 30, hideCursor: true, clearOnComplete: false, stopOnComplete: false, emptyOnZero: true })
  const all = bars.create(Math.max(1, total), 0, { name: `all ${files.length} files` })
  return {
    add(name: string, size: number) {
      let seen = 0
      let bar: SingleBar | undefined
      const to = (bytes: number) => {
        bar ??= bars.create(Math.max(1, size), 0, { name })
        bar.update(bytes)
        all.increment(bytes - seen)
        seen = bytes
      }
      return {
        to,
        end(bytes: number) {
          all.increment(bytes - seen)
          seen = bytes
          if (bar) bars.remove(bar)
        },
      }
    },
    stop: () => bars.stop(),
  }
}
