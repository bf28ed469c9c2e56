/** What may pick, connect and start things. */
const roots = ['^src/(container|repositories|installation|main)\\.ts$', '^src/cli/']

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'features-do-not-meet', comment: 'Share through a port, a scope, a job, or a function that the container passes in.', severity: 'error',
      from: { path: '^src/features/([^/]+)/' }, to: { path: '^src/features/', pathNot: '^src/features/$1/' } },
    { name: 'nothing-leans-on-features', comment: 'Features stand on top; only the roots know them.', severity: 'error',
      from: { path: '^src/', pathNot: [...roots, '^src/features/', '^src/demo\\.ts$'] }, to: { path: '^src/features/' } },
    { name: 'only-repositories-speak-sql', severity: 'error',
      from: { path: '^src/', pathNot: [...roots, '\\.repository\\.ts$', '^src/db/', '^src/jobs/worker\\.ts$', '^src/embedded/postgres-lease\\.ts$'] },
      to: { path: ['^src/db/', 'node_modules/(drizzle-orm|pg)/'], pathNot: '^src/db/store\\.ts$' } },
    { name: 'the-database-knows-no-application', severity: 'error', from: { path: '^src/db/' }, to: { path: '^src/', pathNot: ['^src/db/', '^src/errors\\.ts$'] } },
    { name: 'services-know-no-http', severity: 'error', from: { path: '\\.service\\.ts$' }, to: { path: ['^src/http/', 'node_modules/(fastify|@fastify)/'] } },
    { name: 'routes-know-no-storage', severity: 'error', from: { path: '\\.routes\\.ts$' }, to: { path: ['^src/(db|adapters|ports)/', '\\.repository\\.ts$'] } },
    { name: 'only-the-roots-pick-adapters', severity: 'error', from: { path: '^src/', pathNot: [...roots, '^src/adapters/'] }, to: { path: '^src/adapters/' } },
    { name: 'adapters-know-ports-alone', severity: 'error', from: { path: '^src/adapters/' }, to: { path: '^src/', pathNot: ['^src/(adapters|ports|model)/', '^src/errors\\.ts$'] } },
    { name: 'adapters-do-not-meet', severity: 'error', from: { path: '^src/adapters/([^/]+)/' }, to: { path: '^src/adapters/[^/]+/', pathNot: '^src/adapters/$1/' } },
    { name: 'ports-are-bare', severity: 'error', from: { path: '^src/ports/' }, to: { pathNot: ['^src/ports/', '^src/errors\\.ts$', '^node:'], dependencyTypesNot: ['core'] } },
    { name: 'only-guard-and-runner-grant', severity: 'error', from: { pathNot: ['^src/http/guard\\.ts$', '^src/jobs/worker\\.ts$', '^src/access/local-scope\\.ts$'] }, to: { path: '^src/access/grant\\.ts$' } },
    { name: 'only-who-runs-the-machine-gets-a-local-scope', severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli/', '^src/demo\\.ts$'] }, to: { path: '^src/access/local-scope\\.ts$' } },
    { name: 'embedded-postgres-stands-alone', severity: 'error', from: { path: '^src/embedded/postgres' }, to: { path: '^src/', pathNot: '^src/embedded/postgres' } },
    { name: 'launchers-need-node-alone', comment: 'They run before anything is installed.', severity: 'error',
      from: { path: '^src/launch/' }, to: { pathNot: '^src/launch/', dependencyTypesNot: ['core'] } },
    { name: 'the-roots-are-not-imported', severity: 'error', from: { path: '^src/', pathNot: [...roots, '^src/demo\\.ts$'] }, to: { path: roots } },
    { name: 'src-knows-no-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench)/' } },
    { name: 'no-undeclared-packages', severity: 'error', from: { path: '^src/' }, to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'] } },
    { name: 'nothing-is-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'nothing-is-forgotten', comment: 'A module that nothing imports.', severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: ['^src/(main|cli/main)\\.ts$', '^src/launch/'] }, to: {} },
    { name: 'names-say-what-is-inside', severity: 'error', from: {}, to: { path: '^(src|test|bench)/.*\\b(utils?|helpers?|managers?|common|misc)\\b' } },
  ],
  options: { tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' }, doNotFollow: { path: 'node_modules' }, enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] } },
}
