import { z } from 'zod'

/** RFC 6838 names, and RFC 9110 parameters. */
const form = /^[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126}(?:; ?[\w!#$&^.+-]{1,64}=(?:[\w!#$&^.+:/-]{1,127}|"[ !#-[\]-~]{0,127}"))*$/

/** As a client tells it; told by a name: content-type.ts. */
export const MediaType = z.string().max(255).toLowerCase().regex(form, 'must be a media type, such as image/jpeg')
