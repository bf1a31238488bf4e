/** What was handed in and not yet accepted. It outlives a reload, a cut line and the next person at the screen: it is sent
 * with the same Idempotency-Key until somebody answers, so however often it is sent it becomes one case. */
import { reactive } from 'vue'
import type { Entry, Receipt, Values } from '@/api/shapes'
import { api, ask, isTrouble, NOBODY_ANSWERED, type Trouble } from '@/api/client'

export type Application = { matter: string; applicant: Values; form: Values; materials: Entry[]; channel: 'kiosk' }
/** `body` is gone once it is accepted: of what was done here only the numbers stay. */
export type Parcel = { t: string; key: string; at: number; body: Application | null; receipt: Receipt | null; trouble: Trouble | null }

const PLACE = 'yikou.outbox'
const AGAIN = 4_000
const KEPT = 24 * 3600_000
/** These the front desk will not judge differently next time: whoever is here has to change something. */
const FINAL = [400, 403, 404, 409, 410, 413, 415, 422]

function read(): Parcel[] {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? '[]') as Parcel[]
    return kept.filter((parcel) => isWaiting(parcel) || Date.now() - parcel.at < KEPT)
  } catch {
    return []
  }
}

function save() {
  if (outbox.parcels.length) localStorage.setItem(PLACE, JSON.stringify(outbox.parcels))
  else localStorage.removeItem(PLACE)
}

export const find = (t: string): Parcel | undefined => outbox.parcels.find((parcel) => parcel.t === t.trim().toUpperCase())

export function put(key: string, body: Application): Parcel {
  const known = outbox.parcels.find((parcel) => parcel.key === key)
  if (known) return known
  const t = `T${String(crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000).padStart(6, '0')}`
  outbox.parcels.push({ t, key, at: Date.now(), body, receipt: null, trouble: null })
  save()
  return outbox.parcels[outbox.parcels.length - 1]!
}

export function drop(t: string) {
  outbox.parcels = outbox.parcels.filter((parcel) => parcel.t !== t)
  save()
}

export const isRefused = (parcel: Parcel) => parcel.trouble !== null && FINAL.includes(parcel.trouble.status)
const isWaiting = (parcel: Parcel) => parcel.body !== null && !isRefused(parcel)
export const outbox = reactive<{ parcels: Parcel[] }>({ parcels: read() })

let sending: Promise<void> | null = null
let timer = 0

/** One at a time, in order. Whatever stays is tried again by itself. */
export function send(): Promise<void> {
  return (sending ??= sendAll().finally(() => {
    sending = null
    clearTimeout(timer)
    if (outbox.parcels.some(isWaiting)) timer = window.setTimeout(send, AGAIN)
  }))
}

async function sendAll() {
  for (const parcel of outbox.parcels.filter(isWaiting)) {
    try {
      const params = { header: { 'Idempotency-Key': parcel.key } }
      parcel.receipt = await ask<Receipt>(api.POST('/v1/cases', { params, body: parcel.body as never }))
      parcel.body = null
      parcel.trouble = null
    } catch (error) {
      parcel.trouble = isTrouble(error) ? error : NOBODY_ANSWERED
    }
    save()
  }
}

window.addEventListener('online', () => void send())
