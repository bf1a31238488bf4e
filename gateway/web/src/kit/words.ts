/** Two languages, one set of keys: a word missing in either does not compile. */
import { computed, ref, watchEffect } from 'vue'

export type Language = 'zh-CN' | 'en'
export const language = ref<Language>('zh-CN')
export const english = computed(() => language.value === 'en')

export type Both = { zh: string; en: string }
type Facts = Record<string, string | number>

const fill = (text: string, facts: Facts) => text.replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole))

/** `t = wordsOf(zh, en)`; then `t('key', { n: 3 })` fills `{n}`. */
export function wordsOf<Words extends Record<string, string>>(zh: Words, en: { [Key in keyof Words]: string }) {
  return (key: keyof Words & string, facts: Facts = {}): string => fill((english.value ? en : zh)[key], facts)
}

/** The catalogue and the API bring both languages with them. */
export const say = (both: Both | null | undefined): string => (both ? (english.value ? both.en : both.zh) : '')

export const named = (item: object, name: string): string => {
  const value = (item as Record<string, unknown>)[`${name}_${english.value ? 'en' : 'zh'}`]
  return typeof value === 'string' ? value : ''
}

export const toggleLanguage = () => {
  language.value = english.value ? 'zh-CN' : 'en'
}

if (typeof document !== 'undefined') watchEffect(() => (document.documentElement.lang = language.value))

/** A calendar day, with its year. */
export const dayOf = (day: string): string =>
  new Intl.DateTimeFormat(english.value ? 'en-GB' : 'zh-CN', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))

/** China has one time zone; the screen says the hall's time wherever it stands. */
export function moment(at: string | null | undefined, withTime = true): string {
  if (!at) return ''
  const day: Intl.DateTimeFormatOptions = { month: english.value ? 'short' : 'long', day: 'numeric', weekday: 'short' }
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hour12: false }
  const options = { ...day, ...(withTime ? time : {}), timeZone: 'Asia/Shanghai' }
  return new Intl.DateTimeFormat(english.value ? 'en-GB' : 'zh-CN', options).format(new Date(at))
}
