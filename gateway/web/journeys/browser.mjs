// A resident at the terminal, in Debian's own browser. Whatever leaves the origin or breaks the content policy fails the journey.
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'

export const URL = process.env.YIKOU_URL
const PASSWORD = process.env.YIKOU_PASSWORD_TERMINAL
export const PATIENCE = Number(process.env.PATIENCE ?? 60_000)

export async function terminal({ width = 1080, height = 1920, touch = true } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.YIKOU_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
  const context = await browser.newContext({ viewport: { width, height }, hasTouch: touch, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
  context.setDefaultTimeout(PATIENCE)
  const page = await context.newPage()
  const wrong = []
  page.on('request', (request) => {
    const { origin, protocol } = new globalThis.URL(request.url())
    if (protocol.startsWith('http') && origin !== URL) wrong.push(`left the origin: ${request.url()}`)
  })
  page.on('console', (message) => {
    if (/Content Security Policy|\[Vue warn\]/.test(message.text())) wrong.push(message.text())
  })
  page.on('pageerror', (error) => wrong.push(String(error)))
  return {
    browser,
    context,
    page,
    async close() {
      await browser.close()
      assert.deepEqual(wrong, [])
    },
  }
}

const KEY = 'yikou.session'
/** Staff sign the terminal in, as they would. */
export async function pair(page) {
  await page.goto(`${URL}/k`)
  await page.fill('[name=password]', PASSWORD)
  await page.click('form .first')
  await page.waitForSelector('[data-matter=moving-in]')
}
export const session = (page) => page.evaluate((key) => sessionStorage.getItem(key), KEY)

// -- somebody who does not exist -----------------------------------------------------------------------

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const digits = (n) => Array.from({ length: n }, () => Math.floor(Math.random() * 10)).join('')
function idNumber() {
  const first = `11010519900${1 + Math.floor(Math.random() * 9)}15${digits(3)}`
  return first + '10X98765432'[WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(first[at]), 0) % 11]
}
export const somebody = () => ({
  name: '何某',
  id: idNumber(),
  phone: `138${digits(8)}`,
  unit: String(1 + Math.floor(Math.random() * 2)),
  door: `${7 + Math.floor(Math.random() * 9000)}01`,
  deed: `京朝不动产权第${digits(7)}号`,
})

// -- the walk: `hand` is how somebody acts, by touch or by keyboard --------------------------------------

export const byTouch = (page) => ({
  press: (selector) => page.locator(selector).first().tap(),
  async write(selector, text) {
    await page.locator(selector).first().tap()
    await page.keyboard.insertText(text) // what an on-screen keyboard does
  },
  choose: (selector, value) => page.locator(selector).first().selectOption(value),
  async date(name, value) {
    await inParts(this, name, value)
  },
})

const inParts = async (hand, name, value) => {
  const parts = value.split('-')
  for (const [n, part] of ['year', 'month', 'day'].entries()) await hand.choose(`[name=${name}-${part}]`, parts[n])
}

/** Tab until there, then the keys one would press. */
export const byKeyboard = (page) => {
  async function reach(selector) {
    for (let n = 0; n < 120; n++) {
      const there = await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)
      if (there) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`the keyboard does not reach ${selector}`)
  }
  return {
    async press(selector) {
      await page.waitForSelector(selector, { state: 'attached' })
      await reach(selector)
      const box = await page.evaluate(() => ['checkbox', 'radio'].includes(document.activeElement.type))
      await page.keyboard.press(box ? 'Space' : 'Enter')
    },
    async write(selector, text) {
      await page.waitForSelector(selector)
      await reach(selector)
      await page.keyboard.insertText(text)
    },
    async choose(selector, value) {
      await page.waitForSelector(`${selector} option[value="${value}"]`, { state: 'attached' })
      await reach(selector)
      for (let n = 0; n < 150 && (await page.locator(selector).first().inputValue()) !== value; n++) await page.keyboard.press('ArrowDown')
    },
    async date(name, value) {
      await inParts(this, name, value)
    },
  }
}

export const today = () => new Date().toISOString().slice(0, 10)
export const at = (page, name) => page.waitForSelector(`[name="${name}"]`)

/** From home to the page where answers are checked. `pause(step)` is called on each page before it is left. */
export async function fillMovingIn(page, hand, who = somebody(), pause = async () => {}) {
  await hand.press('[data-matter=moving-in]')
  await page.waitForSelector('.facts')
  await pause('matter')
  await hand.press('[name=next]')
  await hand.write('[name=id_number]', who.id)
  await hand.write('[name=phone]', who.phone)
  await pause('who')
  await hand.press('[name=next]')
  await hand.write('[name=name]', who.name)
  await hand.press('[name=next]')
  await page.waitForSelector('[name=building] option:nth-child(3)', { state: 'attached' })
  await hand.choose('[name=building]', '110105001001001-02')
  await hand.write('[name=unit]', who.unit)
  await hand.write('[name=door]', who.door)
  await hand.write('[name=property_right_no]', who.deed)
  await hand.date('move_in_date', today())
  await pause('form')
  await hand.press('[name=next]')
  // The applicant is the first of the household: what was said is there already.
  await hand.press('[name=row-add]')
  assert.equal(await page.inputValue('[name=name]'), who.name)
  await hand.press('[data-name=relation][value=self]')
  await hand.press('[name=row-next]')
  await hand.press('[name=is_party_member]')
  await hand.press('[name=wants_to_volunteer]')
  await pause('row')
  await hand.press('[name=row-next]')
  await page.waitForSelector('[name=lives_alone]')
  await hand.press('[name=row-next]')
  await page.waitForSelector('.row')
  await hand.press('[name=next]')
  await hand.press('[name=row-add]')
  await hand.write('[name=plate]', `京A${digits(5)}`)
  await hand.press('[name=row-next]')
  await page.waitForSelector('.row')
  await hand.press('[name=next]')
  await hand.press('[data-name=door_access][value=card]')
  await pause('choice')
  await hand.press('[name=next]')
  await hand.write('[name=water_reading]', '3.2')
  await hand.write('[name=electricity_reading]', '118')
  await hand.write('[name=gas_reading]', '5.6')
  await pause('readings')
  await hand.press('[name=next]')
  await hand.write('[name=party_branch_previous]', '丰台区某街道某社区第二党支部')
  await hand.press('[name=next]')
  await hand.press('[name=consent]')
  await hand.press('[name=next]')
  await page.waitForSelector('.paper')
  await pause('materials')
  await hand.press('[name=next]')
  await page.waitForSelector('[name=submit]')
  await pause('check')
  return who
}

export const caseNo = async (page) => (await page.locator('[data-case]').first().textContent()).trim()

export async function untilFiveDone(page) {
  await page.waitForFunction(
    () => document.querySelectorAll('.lane.done').length === 5 && /已办结|Closed/.test(document.querySelector('[data-status]')?.textContent ?? ''),
    null,
    { timeout: PATIENCE },
  )
}
