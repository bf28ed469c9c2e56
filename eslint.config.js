import tseslint from 'typescript-eslint'

const restrictedSyntax = [
  { selector: "CallExpression[callee.property.name='transaction'] > ArrowFunctionExpression MemberExpression[object.name='store']", message: 'Inside a transaction use its repositories (tx), not the pool’s (store).' },
  { selector: "TSAsExpression TSTypeReference[typeName.name=/^(Asset|Drive)Scope$/]", message: 'Only src/access/grant.ts makes a scope.' },
  { selector: "CallExpression[callee.object.name='app'][callee.property.name=/^(get|post|put|patch|delete|route)$/]", message: 'Declare routes with assetRoute(), driveRoute(), callerRoute() or publicRoute().' },
  { selector: 'TSAnyKeyword', message: 'Say what it is, or unknown.' },
  { selector: 'TSNonNullExpression', message: 'Handle the absence, or make it impossible by type.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of strings.' },
]

const sizes = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  'max-params': ['error', 3],
  complexity: ['error', 10],
}

const correctness = {
  'no-undef-init': 'error',
  'no-constant-condition': ['error', { checkLoops: false }],
  'no-fallthrough': 'error',
  'no-self-compare': 'error',
  'no-unreachable': 'error',
  'no-unsafe-finally': 'error',
  'no-var': 'error',
  'prefer-const': ['error', { destructuring: 'all' }],
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-restricted-syntax': ['error', ...restrictedSyntax],
}

/** Those that need types: a promise that nobody waits for loses its error. */
const typed = {
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false } }],
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
}

const noEnvironment = { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only src/config.ts and the roots read the environment, through readConfig().' }] }

export default tseslint.config(
  { ignores: ['dist/', '.dailies/', 'coverage/', 'bench/real/files/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: { allowDefaultProject: ['vitest*.config.ts'] }, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: { ...correctness, ...typed },
  },
  { files: ['**/*.{js,mjs,cjs}'], rules: correctness },
  { files: ['src/**/*.{ts,mjs}', 'bench/**/*.ts'], rules: sizes },
  { files: ['test/**/*.ts'], rules: { 'max-lines': sizes['max-lines'], 'no-restricted-syntax': ['error', ...restrictedSyntax.filter(({ message }) => !message.startsWith('Declare'))] } },
  { files: ['src/**/*.ts'], rules: noEnvironment },
  // Children get a PATH of theirs; the roots hand the environment to readConfig().
  { files: ['src/config.ts', 'src/main.ts', 'src/cli/**', 'src/embedded/**', 'src/adapters/ffmpeg/locate.ts'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['src/access/grant.ts', 'src/http/{define-route,register-routes}.ts'], rules: { 'no-restricted-syntax': 'off' } },
)
