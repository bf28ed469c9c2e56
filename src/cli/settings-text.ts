import { describeSettings } from '../config.ts'

/** The table that stands in the README. */
export function settingsAsTable(): string {
  const rows = describeSettings().map(({ name, fallback, about }) => `| \`${name}\` | ${fallback} | ${about.replaceAll('|', '\\|')} |`)
  return ['| Setting | Default | Meaning |', '|---|---|---|', ...rows].join('\n')
}

/** `.env.example`: what docker-compose.yml asks of whoever runs it, to be filled in; then every other setting, as a comment. */
export function settingsAsEnv(): string {
  const rest = describeSettings()
    .filter(({ name }) => !composeNeeds.some(([needed]) => needed === name) && !composeSets.has(name))
    .map(({ name, fallback, about }) => `# ${about}\n#${name}=${fallback.startsWith('`') ? fallback.replaceAll('`', '') : ''}`)
  return [
    '# For `docker compose up`: copy to .env, fill in, and keep it to yourself.',
    ...composeNeeds.map(([name, about]) => `# ${about}\n${name}=`),
    '',
    '# Everything else may stay as it is.',
    ...rest,
  ].join('\n')
}

const composeNeeds: readonly (readonly [name: string, about: string])[] = [
  ['SERVER_SECRET', 'openssl rand -hex 48'],
  ['POSTGRES_PASSWORD', 'openssl rand -hex 24'],
  ['S3_ACCESS_KEY_ID', 'echo "GK$(openssl rand -hex 16)"'],
  ['S3_SECRET_ACCESS_KEY', 'openssl rand -hex 32'],
  ['GARAGE_RPC_SECRET', 'openssl rand -hex 32'],
  ['PUBLIC_URL', 'The server as browsers reach it; empty = http://localhost:3000'],
  ['S3_PUBLIC_ENDPOINT', 'The object store as browsers reach it; empty = http://localhost:3900'],
]

/** What docker-compose.yml itself decides. */
const composeSets = new Set(['HOST', 'ROLE', 'DATABASE_URL', 'DATABASE_DIRECT_URL', 'DAILIES_HOME', 'S3_BUCKET', 'S3_ENDPOINT', 'S3_REGION', 'S3_FORCE_PATH_STYLE', 'TEMP_DIR'])
