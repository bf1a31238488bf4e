/** Whose screen this is. The staff sign it in once; the pair of tokens lives in this tab and is renewed in time. */
import { ref } from 'vue'

type Tokens = { access_token: string; refresh_token: string; expires_in: number }
type Kept = Tokens & { until: number }

const PLACE = 'yikou.session'
const EARLY = 30_000

export const paired = ref(read() !== null)

function read(): Kept | null {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? 'null') as Kept | null
  } catch {
    return null
  }
}

function keep(tokens: Tokens | null) {
  if (tokens) sessionStorage.setItem(PLACE, JSON.stringify({ ...tokens, until: Date.now() + tokens.expires_in * 1000 }))
  else sessionStorage.removeItem(PLACE)
  paired.value = tokens !== null
}

const post = (body: object) =>
  fetch('/v1/tokens', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })

/** The problem's body when refused, nothing when let in. */
export async function signIn(account: string, password: string): Promise<unknown> {
  const answer = await post({ grant: 'password', account, password })
  const body: unknown = await answer.json()
  if (!answer.ok) return body
  keep(body as Tokens)
  return null
}

export const signOut = () => keep(null)

let renewing: Promise<string | null> | null = null

/** A refresh token is good once: whoever asks meanwhile waits for the same renewal. */
export async function token(): Promise<string | null> {
  const kept = read()
  if (!kept) return null
  if (Date.now() < kept.until - EARLY) return kept.access_token
  return (renewing ??= renew(kept).finally(() => (renewing = null)))
}

async function renew(kept: Kept): Promise<string | null> {
  const answer = await post({ grant: 'refresh', refresh_token: kept.refresh_token })
  if (answer.ok) {
    const tokens = (await answer.json()) as Tokens
    keep(tokens)
    return tokens.access_token
  }
  // Only a refusal ends the session; a broken line does not send anybody to fetch the password.
  if (answer.status === 401) keep(null)
  return null
}
