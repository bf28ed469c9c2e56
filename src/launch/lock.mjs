import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const silentMs = 15_000 // a holder that has not touched its file for so long is gone, wherever it ran
const touchMs = 2000

/** What `work` gives, done while no other process holds the lock `file`. A holder that was killed holds nothing. */
export async function alone(file, work) {
  let hasSaid = false
  while (!taken(file)) {
    if (isAbandoned(file)) remove(file)
    else {
      if (!hasSaid) process.stderr.write('Another start is installing or building; waiting for it …\n')
      hasSaid = true
      await pause(100)
    }
  }
  const touching = setInterval(() => utimesSync(file, new Date(), new Date()), touchMs)
  try {
    return await work()
  } finally {
    clearInterval(touching)
    rmSync(file, { force: true })
  }
}

function taken(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isAbandoned(file) {
  try {
    const age = Date.now() - statSync(file).mtimeMs
    const pid = Number(readFileSync(file, 'utf8'))
    return age > silentMs || (pid > 0 && !isRunning(pid))
  } catch {
    return false // given back in this moment
  }
}

/** By another name first: between looking and removing, a second process may have removed it too and taken a new one, which then goes back. */
function remove(file) {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
    if (!isAbandoned(aside)) linkSync(aside, file)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
