// `npm test [-- FILE… OPTIONS…]`: installs what is missing, then runs vitest.
import './node-version.mjs'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const { ensureInstalled, orExplain, root } = await import('./ensure.mjs')
await orExplain(ensureInstalled)

const vitest = spawn(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
process.on('SIGTERM', () => vitest.kill('SIGTERM'))
process.on('SIGINT', () => undefined) // a terminal sends it to vitest too, which then stops its servers; we wait for that
vitest.on('close', (code) => (process.exitCode = code ?? 1))
