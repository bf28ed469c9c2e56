const sameKeypressMs = 1000

/**
 * The first SIGINT or SIGTERM begins an orderly stop, after which the process exits with 0; one that comes a second later or more ends it at once.
 * (One Ctrl-C arrives twice under npm: from the terminal, and passed on.) A fault that nobody caught is said, and stops the process in order too.
 */
export function stopOnSignal(stop: () => Promise<void>, limitMs: number) {
  let since: number | undefined
  const begin = (exitCode: number) => {
    if (since !== undefined) return
    since = Date.now()
    const limit = setTimeout(() => process.exit(1), limitMs)
    limit.unref()
    void stop()
      .catch((error: unknown) => process.stderr.write(`Dailies did not stop in order: ${String(error)}\n`))
      .finally(() => process.exit(exitCode))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (since !== undefined && Date.now() - since > sameKeypressMs) process.exit(130)
      begin(0)
    })
  }
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      process.stderr.write(`Dailies stops after a fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
      begin(1)
    })
  }
}
