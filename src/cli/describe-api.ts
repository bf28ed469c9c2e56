import { buildApp } from '../app.ts'
import { unconnectedParts } from '../container.ts'
import { healthRoutes } from '../features/health/health.routes.ts'
import { descriptionYaml } from '../http/description-routes.ts'

/** The API description as the code has it, without a database or anything else running. */
export async function describeApi(): Promise<string> {
  const app = await buildApp(routesOnly())
  const description = await descriptionYaml(app.swagger())
  await app.close()
  return description
}

/** Every route there is, for what only wants to read them. */
export function routesOnly() {
  const composed = unconnectedParts()
  return {
    ...composed,
    routes: [...healthRoutes(() => Promise.reject(new Error('nothing runs here'))), ...composed.routes],
    translateError: () => undefined,
    checkAnswer: () => undefined,
    corsOrigins: ['*'],
    trustedProxies: [],
    logger: false,
  }
}
