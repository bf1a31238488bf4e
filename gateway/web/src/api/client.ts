/** The API as the committed OpenAPI document describes it; `schema.d.ts` is made from it at each build. */
import createClient from 'openapi-fetch'
import { language, type Both } from '@/kit/words'
import type { paths } from './schema'
import { signOut, token } from './session'

export type Fault = { path: string } & Both
/** RFC 9457, as every error of the gateway leaves; `status` 0 when nobody answered. */
export type Trouble = {
  status: number
  slug: string
  detail_zh: string
  detail_en: string
  errors: Fault[]
  trace_id: string
}

export const NOBODY_ANSWERED: Trouble = {
  status: 0,
  slug: 'offline',
  detail_zh: '暂时连不上服务。您填写的内容都还在。',
  detail_en: 'The service cannot be reached just now. Everything you entered is kept.',
  errors: [],
  trace_id: '',
}

export const api = createClient<paths>({ baseUrl: '' })
api.use({
  async onRequest({ request }) {
    request.headers.set('Accept-Language', language.value)
    // A tracking token is the resident's own key: the terminal's is not needed beside it.
    if (!request.headers.has('X-Tracking-Token') && !new URL(request.url).pathname.startsWith('/v1/tokens')) {
      const bearer = await token()
      if (bearer) request.headers.set('Authorization', `Bearer ${bearer}`)
    }
    return request
  },
  /** Signed out somewhere else, or locked: staff have to sign in again; what was typed waits. */
  onResponse({ request, response }) {
    if (response.status === 401 && request.headers.has('Authorization')) signOut()
  },
})

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** What was asked for, or a `Trouble` thrown. */
export async function ask<T = unknown>(answering: Promise<Answer<unknown>>): Promise<T> {
  let answer: Answer<unknown>
  try {
    answer = await answering
  } catch {
    throw NOBODY_ANSWERED
  }
  if (answer.error === undefined) return answer.data as T
  throw troubleOf(answer.error, answer.response.status)
}

export const troubleOf = (body: unknown, status: number): Trouble =>
  body && typeof body === 'object' && 'slug' in body
    ? (body as Trouble)
    : { ...NOBODY_ANSWERED, status, slug: 'no-answer' }

export const isTrouble = (error: unknown): error is Trouble =>
  !!error && typeof error === 'object' && 'slug' in error && 'errors' in error
