// `npm run dailies -- COMMAND`: the command line, on a clone that has perhaps never been started. In production it only runs what was built.
import './node-version.mjs'
import module from 'node:module'

const { ensureBuilt, ensureInstalled, orExplain } = await import('./ensure.mjs')

if (process.env.NODE_ENV !== 'production') {
  await orExplain(async () => {
    await ensureInstalled()
    await ensureBuilt()
  })
}
module.enableCompileCache?.() // Node 22 and later start faster the second time
await import(new URL('../../dist/cli/main.js', import.meta.url).href)
