/** What the document calls plain objects: the catalogue's matters and a case's face. The journeys hold them to the platform. */
import type { Both } from '@/kit/words'

export type FieldType = 'text' | 'number' | 'integer' | 'date' | 'choice' | 'boolean' | 'id_number' | 'phone' | 'place' | 'list'
export type Choice = Both & { value: string }
export type Field = Both & {
  name: string
  type: FieldType
  required: boolean
  required_if: string | null
  source: string | null
  hint: Both | null
  max_length: number
  multiline: boolean
  pattern: string | null
  min: number | null
  max: number | null
  must: boolean
  choices: Choice[]
  fields: Field[]
  at_least: number
  at_most: number
}
export type Group = Both & { key: string; fields: Field[] }
export type Material = Both & { name: string; how: 'fetched' | 'scan' | 'may_follow'; required: boolean; accepts: string[] }
export type Step = Both & { unit: string; name: string; promise: string; only_if: string | null }
export type MatterLine = {
  slug: string
  code: string
  title_zh: string
  title_en: string
  channels: string[]
}
export type Matter = {
  slug: string
  code: string
  title: Both
  sentence: Both
  for_whom: Both
  channels: string[]
  groups: Group[]
  materials: Material[]
  steps: Step[]
  promise_zh: string
  promise_en: string
  result: Both
}

export type Lane = {
  task_id: string
  unit: string
  title_zh: string
  title_en: string
  status: string
  outcome: string | null
  due_at: string | null
  signed_at: string | null
  finished_at: string | null
  missing: string[] | null
  overdue: boolean
}
export type Case = {
  case_no: string
  status: string
  title_zh?: string
  title_en?: string
  due_at: string | null
  filed_at?: string | null
  closed_at: string | null
  lanes: Lane[]
  rated?: boolean
}
export type Receipt = { case_no: string; tracking_token: string; status: string; due_at: string; tasks: Lane[] }
export type Building = { code: string; address: string; grid: string }
export type Prefilled = { value: unknown; source: Both }
export type Entry = { name: string; sha256?: string; media_type?: string; pledge?: true; by?: string }
export type Values = Record<string, unknown>
