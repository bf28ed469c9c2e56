import { routesOnly } from '../../src/cli/describe-api.ts'

export const { routes } = routesOnly()
