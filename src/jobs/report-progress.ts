const everyMs = 1000

/**
 * Writes a job's progress at most once a second, and ends the job where its asset is gone: `write` then answers false, and `signal` aborts.
 */
export function reportProgress(write: (share: number) => Promise<boolean>, outer: AbortSignal) {
  const gone = new AbortController()
  let last = 0
  return {
    signal: AbortSignal.any([outer, gone.signal]),
    isGone: () => gone.signal.aborted,
    onProgress(share: number) {
      const now = Date.now()
      if (now - last < everyMs) return
      last = now
      // A progress that could not be written is no reason to fail: the next one, or the end, will tell.
      write(Math.min(1, Math.max(0, share))).then(
        (isThere) => (isThere ? undefined : gone.abort(new Error('the asset was deleted'))),
        () => undefined,
      )
    },
  }
}
