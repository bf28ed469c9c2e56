import type { Append } from '../ports/object-storage.ts'

/**
 * The bytes of an append as they come. Unless it is atomic they just end where the body fails or the signal is aborted, since what came before counts.
 * An abort is noticed at once, whatever the body waits for. A body that is left is not destroyed: it may be the request that is yet to be answered.
 */
export async function* arriving({ body, isAtomic, signal }: Pick<Append, 'body' | 'isAtomic' | 'signal'>): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<unknown> = body.iterator({ destroyOnReturn: false })
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
    chunks.return?.().catch(() => undefined) // it stops to listen, after the piece it may be waiting for
  }
}
