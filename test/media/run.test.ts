import { expect, test } from 'vitest'
import { createRunner } from '../../src/adapters/run.ts'

const runner = createRunner({ slots: 2 })
const limits = { seconds: 20, fileBytes: 0 }
const shell = (script: string) => ({ program: '/bin/sh', args: ['-c', script], limits })

test.skipIf(process.platform === 'win32')('a third pipe reaches the process through all that holds it back, and its bytes come whole and in order', async () => {
  const chunks: Buffer[] = []
  const { signal } = new AbortController()
  const ended = await runner.run({ ...shell('seq 1 100000 >&3; echo done'), signal, onData: (chunk) => chunks.push(chunk) })
  expect(ended).toMatchObject({ code: 0, stdout: 'done\n' })
  expect(Buffer.concat(chunks).toString()).toBe(Array.from({ length: 100_000 }, (_, at) => `${at + 1}\n`).join(''))
})

test.skipIf(process.platform === 'win32')('a process that writes without end into it goes with the signal', async () => {
  const stop = new AbortController()
  let bytes = 0
  const running = runner.run({
    ...shell('exec cat /dev/zero >&3'),
    signal: stop.signal,
    onData: (chunk) => {
      bytes += chunk.length
      if (bytes > 1_000_000) stop.abort(new Error('enough'))
    },
  })
  await expect(running).rejects.toThrow('enough')
})

test.skipIf(process.platform === 'win32')('what a listener throws ends the process and is told to who started it', async () => {
  const { signal } = new AbortController()
  const endless = shell('trap "" PIPE; while :; do echo out; echo err >&2; if [ -e /dev/fd/3 ]; then echo data >&3; fi; done')
  const listen = (): never => {
    throw new Error('not to my liking')
  }
  for (const listener of [{ onData: listen }, { onStdoutLine: listen }, { onStderrLine: listen }]) {
    await expect(runner.run({ ...endless, signal, ...listener })).rejects.toThrow('not to my liking')
  }
  await expect(runner.run({ ...shell('printf "no end of line"'), signal, onStdoutLine: listen })).rejects.toThrow('not to my liking')
  expect(await runner.run({ ...shell('echo well'), signal })).toMatchObject({ code: 0, stdout: 'well\n' })
})

test('without one there is nothing to write to', async () => {
  const { signal } = new AbortController()
  expect((await runner.run({ ...shell('echo lost >&3'), signal })).code).not.toBe(0)
})
