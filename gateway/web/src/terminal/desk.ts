/** Where the resident is and what was said so far. One place, kept in this tab until it is handed in or wiped. */
import { computed, reactive, ref, watch } from 'vue'
import { api, ask, isTrouble, NOBODY_ANSWERED, type Fault, type Trouble } from '@/api/client'
import type { Building, Entry, Matter, Prefilled, Receipt, Values } from '@/api/shapes'
import { handedIn, pageOfFault, pagesOf } from '@/form/pages'
import { language } from '@/kit/words'
import { drop, find, isRefused, outbox, put, send } from './outbox'

export type Screen = 'home' | 'all' | 'matter' | 'who' | 'form' | 'materials' | 'check' | 'sending' | 'receipt' | 'track' | 'progress'

type Material = { how: 'uploaded'; sha256: string; media_type: string; name: string } | { how: 'follows'; by: string }
type Draft = {
  screen: Screen
  page: number
  /** Came from the check page and returns there. */
  back: boolean
  matter: Matter | null
  values: Values
  /** Field name -> where its value is known from; such a value is shown and not asked. */
  known: Record<string, { zh: string; en: string; words?: string }>
  materials: Record<string, Material>
  faults: Fault[]
  key: string
  t: string
  receipt: Receipt | null
}

const PLACE = 'yikou.draft'
const nothing = (): Draft => ({
  screen: 'home',
  page: 0,
  back: false,
  matter: null,
  values: {},
  known: {},
  materials: {},
  faults: [],
  key: '',
  t: '',
  receipt: null,
})

function read(): Draft {
  try {
    return { ...nothing(), ...(JSON.parse(sessionStorage.getItem(PLACE) ?? '{}') as Partial<Draft>) }
  } catch {
    return nothing()
  }
}

export const desk = reactive<Draft>(read())
watch(desk, () => sessionStorage.setItem(PLACE, JSON.stringify(desk)), { deep: true, flush: 'sync' })

export const large = ref(false)
export const contrast = ref(false)
watch(
  [large, contrast],
  () => {
    document.documentElement.dataset.type = large.value ? 'large' : 'normal'
    document.documentElement.dataset.contrast = contrast.value ? 'more' : 'normal'
  },
  { immediate: true },
)

export const pages = computed(() => (desk.matter ? pagesOf(desk.matter, desk.values) : []))
export const busy = ref(false)
export const trouble = ref<Trouble | null>(null)

/** Nothing of the last person stays: not on the screen, not in the tab, not in the history (which has this one entry). */
export function wipe() {
  Object.assign(desk, nothing())
  sessionStorage.removeItem(PLACE)
  trouble.value = null
  large.value = contrast.value = false
  language.value = 'zh-CN'
}

/** The same by choice, without taking away how somebody reads. */
export function leave() {
  const [spoken, big, strong] = [language.value, large.value, contrast.value]
  wipe()
  language.value = spoken
  large.value = big
  contrast.value = strong
}

export function go(screen: Screen) {
  trouble.value = null
  desk.screen = screen
}

/** While something is asked of the platform: no second press, and what went wrong is told. */
async function waiting<T>(work: () => Promise<T>): Promise<T | undefined> {
  if (busy.value) return undefined
  busy.value = true
  trouble.value = null
  try {
    return await work()
  } catch (error) {
    trouble.value = isTrouble(error) ? error : NOBODY_ANSWERED
    return undefined
  } finally {
    busy.value = false
  }
}

export async function begin(slug: string) {
  const matter = await waiting(() => ask<Matter>(api.GET('/v1/matters/{code}', { params: { path: { code: slug } } })))
  if (matter) Object.assign(desk, nothing(), { screen: 'matter', matter, key: crypto.randomUUID() })
}

// -- who ------------------------------------------------------------------------------------------------

/** Whoever moves in has a new home: the one the registry knows is the one he leaves. */
const NEW_HOME = ['moving-in']
const HOME = 'registry.household.place'

const plainPhone = (phone: unknown) => String(phone ?? '').replace(/\s|^\+86/g, '')

/** The registry answers a number; its answer is shown only to someone who also knows the telephone it has on file. */
export async function identify() {
  const { id_number, phone } = desk.values
  const known = await waiting(async () => {
    const body = { id_number: String(id_number).trim().toUpperCase() }
    const params = { header: { 'Idempotency-Key': crypto.randomUUID() } }
    return (await ask<{ values: Record<string, Prefilled> }>(api.POST('/v1/registry/prefill', { params, body }))).values
  })
  // Without the registry the form is longer, and works.
  if (known === undefined && trouble.value === null) return
  desk.known = {}
  const onFile = known?.['resident.phone']?.value
  if (known && onFile && plainPhone(onFile) === plainPhone(phone)) prefill(known)
  desk.page = 0
  go(desk.back ? 'check' : 'form')
  desk.back = false
}

function prefill(known: Record<string, Prefilled>) {
  for (const field of desk.matter!.groups.flatMap((group) => group.fields)) {
    if (!field.source) continue
    const home = field.source === HOME
    if (home && NEW_HOME.includes(desk.matter!.slug)) continue
    const found = known[home ? 'household.household' : field.source.replace('registry.', '')]
    if (!found || found.value === null || found.value === '') continue
    // A list is where others are added: what is known of it is its beginning.
    if (field.type === 'list') desk.values[field.name] ??= found.value
    else {
      desk.values[field.name] = found.value
      const words = home ? String(known['household.address']?.value ?? '') : ''
      desk.known[field.name] = { zh: found.source.zh, en: found.source.en, ...(words ? { words } : {}) }
    }
  }
}

/** The registry may be behind life: the resident may say so. */
export function correct(name: string) {
  delete desk.known[name]
}

/** Who applies is usually in the list that is asked for, too: said once, it is not asked again. */
export function firstRow(columns: string[]): Values {
  const own: Values = { name: desk.values.name, id_number: desk.values.id_number, phone: desk.values.phone, relation: 'self' }
  return Object.fromEntries(Object.entries(own).filter(([name, value]) => columns.includes(name) && value))
}

// -- the form -------------------------------------------------------------------------------------------

export const faultAt = (path: string): Fault | undefined => desk.faults.find((fault) => fault.path === path)
export function forget(path: string) {
  desk.faults = desk.faults.filter((fault) => fault.path !== path && !fault.path.startsWith(`${path}.`))
}

export function next() {
  if (desk.screen === 'matter') return go('who')
  if (desk.back) return returnToCheck()
  if (desk.screen === 'form' && desk.page < pages.value.length - 1) desk.page += 1
  else if (desk.screen === 'form') go(desk.matter!.materials.length ? 'materials' : 'check')
  else if (desk.screen === 'materials') go('check')
}

export function previous() {
  if (desk.back) return returnToCheck()
  const lastPage = pages.value.length - 1
  if (desk.screen === 'form' && desk.page > 0) desk.page -= 1
  else if (desk.screen === 'form') go('who')
  else if (desk.screen === 'who') go('matter')
  else if (desk.screen === 'check' && desk.matter!.materials.length) go('materials')
  else if (desk.screen === 'check' || desk.screen === 'materials') {
    desk.page = lastPage
    go('form')
  } else leave()
}

function returnToCheck() {
  desk.back = false
  go('check')
}

export function change(screen: 'who' | 'form' | 'materials', page = 0) {
  desk.page = page
  desk.back = true
  go(screen)
}

// -- handing in -----------------------------------------------------------------------------------------

function entries(): Entry[] {
  return Object.entries(desk.materials).map(([name, one]) =>
    one.how === 'uploaded' ? { name, sha256: one.sha256, media_type: one.media_type } : { name, pledge: true, by: one.by },
  )
}

/** What is sent is laid down first, under a key of its own; then the line may break wherever it wants. */
export function submit() {
  if (desk.screen !== 'check') return
  const { applicant, form } = handedIn(desk.matter!, desk.values)
  desk.t = put(desk.key, { matter: desk.matter!.slug, channel: 'kiosk', applicant, form, materials: entries() }).t
  go('sending')
  void send()
}

export const parcel = computed(() => (desk.t ? find(desk.t) : undefined))

watch(
  () => [desk.screen, parcel.value?.receipt, parcel.value?.trouble] as const,
  () => {
    if (desk.screen !== 'sending' || !parcel.value) return
    if (parcel.value.receipt) {
      desk.receipt = parcel.value.receipt
      drop(desk.t)
      go('receipt')
    } else if (isRefused(parcel.value)) sendBack(parcel.value.trouble!)
  },
  { immediate: true },
)

/** The front desk found something: back to where it is said, everything kept, and a new key for the new content. */
function sendBack(found: Trouble) {
  desk.faults = found.errors
  drop(desk.t)
  desk.key = crypto.randomUUID()
  const first = found.errors.map((fault) => pageOfFault(pages.value, fault.path)).find((page) => page !== null)
  if (first === -1) change('who')
  else if (first !== undefined && first !== null) change('form', first)
  else if (found.errors.some((fault) => fault.path.startsWith('materials'))) change('materials')
  else go('check')
  trouble.value = found
}

if (outbox.parcels.length) void send()

// -- addresses ------------------------------------------------------------------------------------------

let asked: Promise<Building[]> | null = null

/** The community's buildings; asked once and kept while the screen is on. */
export function buildings(): Promise<Building[]> {
  return (asked ??= ask<{ items: Building[] }>(api.GET('/v1/registry/buildings', { params: { query: { limit: 200 } } }))
    .then((page) => page.items)
    .catch((error: unknown) => {
      asked = null
      throw error
    }))
}
