// `node failed-tests.mjs REPORT [--files]`: what failed by a JSON report of vitest, a line each with its reason; or the files that it failed in.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [report = '', wanted] = process.argv.slice(2)
const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
const broken = testResults.filter((file) => file.status !== 'passed')
const firstLine = (text = '') => text.split('\n')[0].slice(0, 300)

for (const file of broken) {
  const path = relative(process.cwd(), file.name)
  if (wanted === '--files') console.log(path)
  else {
    const failed = file.assertionResults.filter((each) => each.status === 'failed')
    if (failed.length === 0) console.log(`${path}: ${firstLine(file.message)}`)
    for (const each of failed) console.log(`${path} > ${each.fullName}: ${firstLine(each.failureMessages[0])}`)
  }
}
