import { basename } from 'node:path'
import { MultiBar, type SingleBar } from 'cli-progress'
import type { IngestedFile } from '../features/ingest/ingest.service.ts'
import type { FoundFile } from './find-files.ts'

interface ShownFile {
  readonly progress: (bytes: number) => void
  readonly done: (result: IngestedFile) => void
  readonly failed: (reason: string) => void
}

export interface FailedJob {
  readonly assetId: string
  readonly path: string
  readonly job: string
  readonly error: string | null
}

export interface IngestDisplay {
  readonly begin: (file: string, size: number) => ShownFile
  /** A line for people about what goes on after the upload. */
  readonly note: (text: string) => void
  /** A line that programs do not parse, but their logs keep. */
  readonly warn: (text: string) => void
  /** Says how it came out so far; from then on each file is said when it is done. */
  readonly follow: () => void
  /** Says how it came out; answers how many files and jobs failed. */
  readonly end: (jobs: readonly FailedJob[]) => number
}

/** A bar per file under way and one over all for people; a JSON line per file and failed job, and one at the end, for programs. */
export function ingestDisplay(files: readonly FoundFile[], { json }: { readonly json: boolean }): IngestDisplay {
  const counts = { uploaded: 0, skipped: 0, failed: 0 }
  const line = (value: unknown) => void process.stdout.write(`${JSON.stringify(value)}\n`)
  const remarks: string[] = []
  let bars: ReturnType<typeof openBars> | undefined // from the first file on
  let isFollowing = false
  const summary = () => `${counts.uploaded} uploaded, ${counts.skipped} skipped, ${counts.failed} failed`
  const remark = (text: string) => (isFollowing && !json ? void process.stdout.write(`${text}\n`) : void remarks.push(text))
  const say = (text: string) => {
    bars?.stop() // a line between them would be drawn over
    bars = undefined
    process.stderr.write(`${text}\n`)
  }

  return {
    begin(file, size) {
      if (!json && !isFollowing && files.length > 0) bars ??= openBars(files)
      const bar = bars?.add(basename(file), size)
      return {
        progress: (bytes) => bar?.to(bytes),
        done(result) {
          const { state, assetId, path } = result
          counts[state] += 1
          bar?.end(size)
          if (json) line({ file, asset_id: assetId, path, state, ...(result.state === 'skipped' && { reason: result.reason }) })
          else if (result.state === 'skipped' && result.reason === 'conflict') remark(`SKIPPED ${file}: kept the older one, ${path}`)
          else if (isFollowing) remark(`${result.state === 'uploaded' ? 'UPLOADED' : 'SKIPPED'} ${file}: ${path}`)
        },
        failed(error) {
          counts.failed += 1
          bar?.end(size)
          remark(`FAILED  ${file}: ${error}`)
          if (json) line({ file, asset_id: null, path: null, state: 'failed', error })
        },
      }
    },
    note: (text) => (json ? undefined : say(text)),
    warn: say,
    follow() {
      bars?.stop()
      if (!json) process.stdout.write([...remarks, summary(), 'Watching; Ctrl-C ends it', ''].join('\n'))
      remarks.length = 0
      isFollowing = true
    },
    end(jobs) {
      bars?.stop()
      if (json) for (const { assetId, path, job, error } of jobs) line({ asset_id: assetId, path, job, state: 'FAILED', error })
      if (json) line(counts)
      else process.stdout.write([...remarks, ...jobLines(jobs), summary(), ''].join('\n'))
      return counts.failed + jobs.length
    },
  }
}

/** One for an asset and a reason: what nobody could look into fails with all that was to be made of it. */
function jobLines(jobs: readonly FailedJob[]): string[] {
  const together = new Map<string, { readonly names: string[]; readonly path: string; readonly reason: string }>()
  for (const { path, job, error } of jobs) {
    const reason = error === null ? '' : `: ${error}`
    const known = together.get(path + reason)
    if (known) known.names.push(job)
    else together.set(path + reason, { names: [job], path, reason })
  }
  return [...together.values()].map(({ path, names, reason }) => `FAILED  ${path}: ${names.join(', ')}${reason}`)
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
