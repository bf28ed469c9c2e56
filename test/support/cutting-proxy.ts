import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

interface Ways {
  /** Where connections go, in turn. */
  readonly ports: readonly number[]
  /** After how many bytes from the client each connection breaks, one after the other; the rest stay. */
  readonly cuts: readonly number[]
  /** One answer with this in it breaks off before its first byte. */
  readonly swallow?: string
}

/** A bad network between a client and several instances: every connection leads to the next of them. */
export async function cuttingProxy({ ports, cuts, swallow }: Ways) {
  const waiting = [...cuts]
  const open = new Set<Socket>()
  let turn = 0
  let swallowed = swallow === undefined
  const server = createServer((client) => {
    const upstream = connect(ports[turn++ % ports.length] ?? 0, '127.0.0.1')
    let left = waiting.shift() ?? Infinity
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const each of [client, upstream]) {
      open.add(each)
      each.on('error', end).on('close', end).on('close', () => open.delete(each))
    }
    client.on('data', (data) => {
      const passed = data.subarray(0, left)
      left -= passed.length
      if (passed.length > 0) upstream.write(passed, () => (left === 0 ? end() : undefined))
    })
    upstream.on('data', (data) => {
      if (!swallowed && String(data).includes(swallow ?? '')) {
        swallowed = true
        return end()
      }
      client.write(data)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo // a TCP server's address
  return {
    origin: `http://127.0.0.1:${port}`,
    /** Breaks that did not come about. */
    left: () => waiting.length + (swallowed ? 0 : 1),
    async stop() {
      for (const each of open) each.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}
