/** A matter's form as a walk of small pages: at most three fields each, a list on a page of its own. */
import type { Both } from '@/kit/words'
import type { Fault } from '@/api/client'
import type { Field, Matter, Values } from '@/api/shapes'
import { holds } from './conditions'

export const MOST = 3
export const WHO = ['id_number', 'phone']
/** Asked before anything else, so that the registry can fill in the rest. */

export type Page = Both & { key: string; section: 'applicant' | 'form'; fields: Field[] }

export const isRequired = (field: Field, form: Values): boolean =>
  field.required || (field.required_if !== null && holds(field.required_if, form))

/** What only some have to say is shown only to them. */
export const isAsked = (field: Field, form: Values): boolean =>
  field.required || field.required_if === null || holds(field.required_if, form)

export const chunks = (fields: Field[]): Field[][] => {
  const made: Field[][] = []
  for (const field of fields) {
    const last = made[made.length - 1]
    if (last && last.length < MOST && field.type !== 'list' && last[0]!.type !== 'list') last.push(field)
    else made.push([field])
  }
  return made
}

export function pagesOf(matter: Matter, form: Values): Page[] {
  return matter.groups.flatMap((group) => {
    const section = group.key === 'applicant' ? ('applicant' as const) : ('form' as const)
    const asked = group.fields.filter((field) => isAsked(field, form) && !(section === 'applicant' && WHO.includes(field.name)))
    return chunks(asked).map((fields, number) => ({ key: `${group.key}.${number}`, section, zh: group.zh, en: group.en, fields }))
  })
}

const both = (zh: string, en: string): Both => ({ zh, en })
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

export const isIdNumber = (text: string): boolean =>
  /^\d{17}[\dXx]$/.test(text) &&
  '10X98765432'[WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(text[at]), 0) % 11] === text[17]!.toUpperCase()

export const isPhone = (text: string): boolean => /^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8})$/.test(text.replace(/\s|^\+86/g, ''))

export const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && !value.trim()) || (Array.isArray(value) && !value.length)

/** What can be said at once; the front desk has the last word on everything. */
export function faultOf(field: Field, value: unknown, form: Values): Both | null {
  const required = isRequired(field, form)
  if (field.type === 'boolean')
    return field.must && required && value !== true ? both(`请勾选“${field.zh}”。`, `Please tick: ${field.en}.`) : null
  if (isEmpty(value)) {
    if (!required && !(field.type === 'list' && field.at_least)) return null
    return field.type === 'choice' || field.type === 'place' || field.type === 'date'
      ? both(`请选择“${field.zh}”。`, `Please choose: ${field.en}.`)
      : both(`请填写“${field.zh}”。`, `Please fill in: ${field.en}.`)
  }
  const text = String(value).trim()
  switch (field.type) {
    case 'id_number':
      return isIdNumber(text) ? null : both('号码不正确，请对照证件核对 18 位。', 'This is not a valid number; please check all 18 characters.')
    case 'phone':
      return isPhone(text) ? null : both('请填写 11 位手机号，或带区号的座机号。', 'Enter an 11-digit mobile number, or a landline with its area code.')
    case 'number':
    case 'integer': {
      const number = Number(text)
      if (!/^-?\d+(\.\d+)?$/.test(text) || (field.type === 'integer' && !Number.isInteger(number)))
        return field.type === 'integer' ? both('请填整数。', 'Enter a whole number.') : both('请填数字。', 'Enter a number.')
      if (field.min !== null && number < field.min) return both(`不能小于 ${field.min}。`, `It cannot be less than ${field.min}.`)
      if (field.max !== null && number > field.max) return both(`不能大于 ${field.max}。`, `It cannot be more than ${field.max}.`)
      return null
    }
    case 'text':
      return field.pattern !== null && !new RegExp(`^(?:${field.pattern})$`, 'u').test(text)
        ? both(`“${field.zh}”格式不正确。`, `${field.en} is not in the right form.`)
        : null
    default:
      return null
  }
}

/** Faults of a page, by path below it. */
export function faultsOf(fields: Field[], values: Values, form: Values, section: string): Fault[] {
  return fields.flatMap((field) => {
    const fault = faultOf(field, values[field.name], form)
    return fault ? [{ path: `${section}.${field.name}`, ...fault }] : []
  })
}

/** The page a fault belongs to; -1 for who applies, null when it is of no page. */
export function pageOfFault(pages: Page[], path: string): number | null {
  const [section, name] = path.split('.')
  if (section === 'applicant' && WHO.includes(name ?? '')) return -1
  const found = pages.findIndex((page) => page.section === section && page.fields.some((field) => field.name === name))
  return found < 0 ? null : found
}

/** The form as it is handed in: only what is asked, nothing empty. */
export function handedIn(matter: Matter, values: Values): { applicant: Values; form: Values } {
  const applicant: Values = {}
  const form: Values = {}
  for (const group of matter.groups)
    for (const field of group.fields) {
      const value = clean(field, values[field.name], values)
      if (value !== undefined) (group.key === 'applicant' ? applicant : form)[field.name] = value
    }
  return { applicant, form }
}

function clean(field: Field, value: unknown, form: Values): unknown {
  if (isEmpty(value) || !isAsked(field, form)) return undefined
  if (field.type !== 'list') return typeof value === 'string' ? value.trim() : value
  return (value as Values[]).map((row) =>
    Object.fromEntries(
      field.fields.map((column) => [column.name, clean(column, row[column.name], form)]).filter(([, cell]) => cell !== undefined),
    ),
  )
}
