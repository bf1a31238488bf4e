import { describe, expect, it } from 'vitest'
import type { Field, Matter } from '@/api/shapes'
import { holds } from './conditions'
import { chunks, faultOf, handedIn, isIdNumber, isPhone, pageOfFault, pagesOf } from './pages'

const field = (name: string, more: Partial<Field> = {}): Field => ({
  name, zh: name, en: name, type: 'text', required: true, required_if: null, source: null, hint: null, max_length: 100,
  multiline: false, pattern: null, min: null, max: null, must: false, choices: [], fields: [], at_least: 0, at_most: 50, ...more,
})
const matter = {
  groups: [
    { key: 'applicant', zh: '', en: '', fields: [field('name'), field('id_number', { type: 'id_number' }), field('phone', { type: 'phone' })] },
    { key: 'home', zh: '', en: '', fields: [field('a'), field('rows', { type: 'list', fields: [field('x')] }), field('b'), field('c', { required: false, required_if: 'any(rows.x = yes)' })] },
  ],
} as unknown as Matter

describe('conditions are read as the front desk reads them', () => {
  it.each([
    ['urgent', { urgent: true }, true], ['urgent', { urgent: '' }, false], ['not urgent', {}, true],
    ['topic = property', { topic: 'property' }, true], ['topic = property', { topic: true }, false],
    ['any(m.p)', { m: [{ p: false }, { p: true }] }, true], ['any(m.p)', { m: [] }, false], ['any(m.r = child)', { m: [{ r: 'child' }] }, true],
    ['a or b', { b: true }, true], ['a and b', { b: true }, false],
  ])('%s of %j is %s', (text, form, expected) => expect(holds(text, form)).toBe(expected))
  it('refuses what is no condition', () => expect(() => holds('a == b', {})).toThrow())
})

describe('a form is a walk of small pages', () => {
  it('has at most three fields a page, and a list alone', () => {
    expect(chunks([field('a'), field('b'), field('c'), field('d')]).map((page) => page.length)).toEqual([3, 1])
    expect(pagesOf(matter, {}).map((page) => page.fields.map((one) => one.name))).toEqual([['name'], ['a'], ['rows'], ['b']])
  })
  it('shows what only some are asked only to them, and hands it in only then', () => {
    const values = { name: ' 王 ', a: '1', b: '2', c: 'kept from before', rows: [{ x: 'yes', y: '' }] }
    expect(pagesOf(matter, values).at(-1)!.fields.map((one) => one.name)).toEqual(['b', 'c'])
    expect(handedIn(matter, values)).toEqual({ applicant: { name: '王' }, form: { a: '1', b: '2', c: 'kept from before', rows: [{ x: 'yes' }] } })
    expect(handedIn(matter, { ...values, rows: [{ x: 'no' }] }).form).not.toHaveProperty('c')
  })
  it('finds the page of a fault the front desk names', () => {
    const pages = pagesOf(matter, {})
    expect([pageOfFault(pages, 'applicant.phone'), pageOfFault(pages, 'form.rows.0.x'), pageOfFault(pages, 'materials.0')]).toEqual([-1, 2, null])
  })
})

describe('what can be said at once', () => {
  it.each([['11010519491231002X', true], ['11010519491231002x', true], ['110105194912310021', false], ['1101051949123100', false]])(
    'the ID number %s is %s', (text, right) => expect(isIdNumber(text)).toBe(right))
  it.each([['13800138000', true], ['+8613800138000', true], ['010-12345678', true], ['12800138000', false], ['138001380001', false]])(
    'the phone %s is %s', (text, right) => expect(isPhone(text)).toBe(right))
  it.each([['0', true], ['-0.1', false], ['10', true], ['10.1', false], ['1e3', false]])('the number %s between 0 and 10 is %s', (text, right) =>
    expect(faultOf(field('n', { type: 'number', min: 0, max: 10 }), text, {}) === null).toBe(right))
  it('a consent has to be ticked, an ordinary box has not', () => {
    expect(faultOf(field('c', { type: 'boolean', must: true }), undefined, {})).not.toBeNull()
    expect(faultOf(field('c', { type: 'boolean' }), undefined, {})).toBeNull()
  })
})
