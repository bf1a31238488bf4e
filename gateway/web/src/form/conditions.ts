/** The catalogue's small language of conditions, read as services/frontdesk/matters/conditions.py reads it. */
import type { Values } from '@/api/shapes'

const TERM =
  /^(?<negated>not )?(?:any\((?<rows>[a-z][a-z0-9_]*)\.(?<cell>[a-z][a-z0-9_]*)(?: = (?<cellValue>[\w-]+))?\)|(?<field>[a-z][a-z0-9_]*)(?: = (?<value>[\w-]+))?)$/

export function holds(condition: string, form: Values): boolean {
  const every = condition.includes(' and ')
  const results = condition.split(every ? ' and ' : ' or ').map((term) => termHolds(term.trim(), form))
  return every ? results.every(Boolean) : results.some(Boolean)
}

function termHolds(term: string, form: Values): boolean {
  const parts = TERM.exec(term)?.groups
  if (!parts) throw new Error(`"${term}" is no condition`)
  const value = parts.cellValue ?? parts.value
  const rows = parts.rows ? form[parts.rows] : null
  const cells = parts.rows
    ? (Array.isArray(rows) ? (rows as Values[]) : []).map((row) => row[parts.cell!])
    : [form[parts.field!]]
  const any = cells.some((cell) => (value === undefined ? isTrue(cell) : cell === value))
  return any !== Boolean(parts.negated)
}

const isTrue = (cell: unknown): boolean => Boolean(cell) && !(Array.isArray(cell) && cell.length === 0)
