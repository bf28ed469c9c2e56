import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Demo {
  readonly url: string
  readonly api_key: string
  readonly drive_id: string
  readonly user_id: string
  readonly assets: Readonly<Record<string, string>>
}

/** `npm start` in a folder of its own, as a newcomer types it, until it says that it is ready. */
export async function startServer(environment: NodeJS.ProcessEnv = {}) {
  const home = await mkdtemp(join(tmpdir(), 'dailies-started-'))
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const env = { ...process.env, DATABASE_URL: '', S3_BUCKET: '', DAILIES_HOME: join(home, 'data'), TEMP_DIR: join(home, 'temp'), PORT: String(port), NODE_ENV: '', ...environment }
  const child = spawn('npm', ['start'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const hear = (text: Buffer) => void (said += String(text))
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  await new Promise<void>((ready, failed) => {
    child.stdout.on('data', () => (said.includes('Dailies is ready on') ? ready() : undefined))
    child.once('exit', (code) => failed(new Error(`npm start ended with ${code}: ${said}`)))
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    home: join(home, 'data'),
    said: () => said,
    demo: async () => JSON.parse(await readFile(join(home, 'data', 'demo.json'), 'utf8')) as Demo,
    /** Answers the exit code. */
    async stop(): Promise<number | null> {
      const gone = new Promise<number | null>((done) => child.once('exit', done))
      child.kill('SIGTERM')
      const code = await gone
      await rm(home, { recursive: true, force: true })
      return code
    },
  }
}
