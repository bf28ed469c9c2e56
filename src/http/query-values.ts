import { z } from 'zod'

/** Booleans in a query: `true`, `false`, `1`, `0`, and nothing else. */
const boolean = z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], case: 'sensitive', error: 'must be true, false, 1 or 0' })

// The description tells what is meant, not that it comes as text.
export const queryBoolean = (fallback: boolean, description: string) => boolean.default(fallback).meta({ type: 'boolean', 'x-default': fallback, description })
export const optionalQueryBoolean = (description: string) => boolean.optional().meta({ type: 'boolean', description })
