import type { Append } from '../ports/object-storage.ts'

/**
 * The bytes of an append as they come. Unless it is atomic they just end where the body fails or the signal is aborted, since what came before counts.
 * An abort is noticed at once even where destroying the body would wait for whoever makes it.
 */
export async function* arriving({ body, isAtomic, signal }: Pick<Append, 'body' | 'isAtomic' | 'signal'>): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<unknown> = body[Symbol.asyncIterator]()
  let leave: ((reason: unknown) => void) | undefined
  const abort = () => leave?.(signal?.reason)
  const next = () =>
    new Promise<IteratorResult<unknown>>((resolve, reject) => {
      leave = reject
      chunks.next().then(resolve, reject)
    })
  signal?.addEventListener('abort', abort)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const { done, value } = await next()
      if (done === true) return
      yield value as Buffer // a Readable of bytes yields buffers
    }
  } catch (error) {
    if (isAtomic) throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
