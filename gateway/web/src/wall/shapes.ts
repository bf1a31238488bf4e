export const FOUR = ['overdue', 'due_soon', 'in_hand', 'closed_today'] as const
export type Four = (typeof FOUR)[number]
export type UrgentCase = {
  case_no: string
  title_zh: string
  title_en: string
  place: string
  due_at: string | null
  next_due_at?: string | null
  closed_at: string | null
}
export type Rate = { value: number | null; numerator: number; denominator: number; target: number }
export type Overview = {
  at: string
  numbers: Record<Four, number>
  urgent: UrgentCase[]
  rates: Record<'response' | 'resolution' | 'satisfaction', Rate>
  departments: { unit: string; zh: string; en: string; tasks_open: number; tasks_overdue: number; tasks_done: number }[]
}
export type Behind = { items: UrgentCase[]; next: string | null; count: number }
