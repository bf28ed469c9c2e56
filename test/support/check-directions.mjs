#!/usr/bin/env node
// Holds the imports of src/ and test/ against .dependency-cruiser.cjs. Without the right compiler dependency-cruiser reads no
// TypeScript at all and finds nothing wrong: so the modules that it read are counted too.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
const args = ['src', 'test', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: root, encoding: 'utf8', maxBuffer: 512 * 1024 * 1024 })
if (!stdout) {
  process.stderr.write(`dependency-cruiser ended with ${status}:\n${stderr}\n`)
  process.exit(1)
}

const { modules, summary } = JSON.parse(stdout)
const faults = summary.violations.map(({ rule, from, to, cycle }) => `${rule.name}: ${from} → ${cycle ? cycle.map(({ name }) => name).join(' → ') : to}`)
const read = modules.filter(({ source, dependencies }) => /^src\/.*\.ts$/.test(source) && dependencies !== undefined).length
const edges = modules.filter(({ source }) => source.startsWith('src/')).reduce((sum, { dependencies }) => sum + dependencies.length, 0)
const there = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts')).length
if (read < there) faults.push(`Only ${read} of the ${there} sources were read.`)
if (edges < there) faults.push(`Only ${edges} imports were found in ${there} sources.`)

for (const fault of faults) process.stdout.write(`${fault}\n`)
process.stdout.write(`${read} of ${there} sources read, ${edges} imports, ${faults.length} fault${faults.length === 1 ? '' : 's'}\n`)
process.exitCode = faults.length > 0 ? 1 : 0
