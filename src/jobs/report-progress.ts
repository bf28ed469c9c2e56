const everyMs = 1000
/** So long a job may say nothing before somebody looks whether its asset is still there. */
const lookEveryMs = 5000

/**
 * Writes a job's progress at most once a second, and again where it stands still: `write` answers false where the asset is gone, and `signal` then
 * aborts. `end` must be called in every case.
 */
export function reportProgress(write: (share: number) => Promise<boolean>, outer: AbortSignal) {
  const gone = new AbortController()
  let [last, share] = [0, 0]
  function tell() {
    last = Date.now()
    // A progress that could not be written is no reason to fail: the next one, or the end, will tell.
    write(share).then(
      (isThere) => (isThere ? undefined : gone.abort(new Error('the asset was deleted'))),
      () => undefined,
    )
  }
  const timer = setInterval(() => (Date.now() - last >= lookEveryMs ? tell() : undefined), lookEveryMs)
  return {
    signal: AbortSignal.any([outer, gone.signal]),
    isGone: () => gone.signal.aborted,
    onProgress(reached: number) {
      share = Math.min(1, Math.max(0, reached))
      if (Date.now() - last >= everyMs) tell()
    },
    end: () => clearInterval(timer),
  }
}
