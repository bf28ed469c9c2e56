import type { Harness } from './harness.ts'

/** One try of a job's handler, as the worker would make it. */
export async function runJob(api: Harness, name: string, payload: object, signal: AbortSignal = AbortSignal.timeout(15_000)): Promise<void> {
  const handler = api.handlers.find((each) => each.job.name === name)
  if (!handler) throw new Error(`No job is called ${name}`)
  await handler.run(payload, { signal, attempt: 1, isLast: false }, () => {
    throw new Error('This job is on no asset')
  })
}
