// `node terminal.mjs <journey>`: each is one story of a resident at the terminal; prints what it did as JSON.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { byKeyboard, byTouch, caseNo, fillMovingIn, pair, session, somebody, terminal, untilFiveDone, URL } from './browser.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const CASES = '**/v1/cases'
const receipt = (page) => page.waitForSelector('.page.receipt')

async function filled(options) {
  const face = await terminal(options)
  await pair(face.page)
  await fillMovingIn(face.page, byTouch(face.page))
  return face
}

/** From the receipt to five lanes, all done, and the rating. */
async function toTheEnd(page, hand) {
  await receipt(page)
  const number = await caseNo(page)
  const size = await page.locator('.number .big').evaluate((element) => parseFloat(getComputedStyle(element).fontSize))
  assert.ok(size >= 64, `the number is ${size} px`)
  await hand.press('[name=progress]')
  await untilFiveDone(page)
  await hand.press('[data-stars="5"]')
  await page.waitForSelector('.rate h2:text("谢谢您的评价。")')
  await hand.press('[name=finish]')
  await page.waitForSelector('.home')
  return { case_no: number }
}

const JOURNEYS = {
  async touch() {
    const { page, close } = await filled()
    await byTouch(page).press('[name=submit]')
    const told = await toTheEnd(page, byTouch(page))
    await close()
    return told
  },

  async keyboard() {
    const { page, close } = await terminal({ touch: false })
    await pair(page)
    const hand = byKeyboard(page)
    await fillMovingIn(page, hand)
    await hand.press('[name=submit]')
    const told = await toTheEnd(page, hand)
    await close()
    return told
  },

  /** The answer is on its way when somebody reloads: what was sent is sent again under the same key. */
  async reload() {
    const { page, close } = await filled()
    let sent = 0
    await page.route(CASES, async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      sent += 1
      if (sent > 1) return route.continue()
      await route.fetch() // the front desk has it, the screen never hears of it
      await page.evaluate(() => location.reload())
    })
    await page.locator('[name=submit]').tap()
    await receipt(page)
    const number = await caseNo(page)
    assert.equal(sent, 2)
    await page.reload() // and the receipt stays
    await receipt(page)
    assert.equal(await caseNo(page), number)
    await close()
    return { case_no: number }
  },

  async double() {
    const { page, close } = await filled()
    await page.evaluate(() => {
      const button = document.querySelector('[name=submit]')
      button.click()
      button.click()
    })
    await receipt(page)
    const number = await caseNo(page)
    await close()
    return { case_no: number }
  },

  /** The line is cut at submit: a T-number, no official one; the next person is not disturbed; then one case. */
  async offline() {
    const { page, context, close } = await filled()
    await context.setOffline(true)
    await page.locator('[name=submit]').tap()
    const t = (await page.locator('.big').textContent()).trim()
    assert.match(t, /^T\d{6}$/)
    assert.equal(await page.locator('[data-case]').count(), 0)
    assert.match(await page.locator('main').innerText(), /尚未受理/)
    await page.locator('[name=finish]').tap()
    await page.waitForSelector('.home')
    await context.setOffline(false)
    await page.waitForFunction(() => JSON.parse(localStorage.getItem('yikou.outbox') ?? '[]')[0]?.receipt)
    const kept = await page.evaluate(() => localStorage.getItem('yikou.outbox'))
    assert.ok(!kept.includes('何某'), 'what was said is kept although it was accepted')
    await page.locator('[name=track]').tap()
    await page.locator('[name=given]').fill(t.toLowerCase())
    await page.locator('form .first').tap()
    await page.waitForSelector('.lane')
    const number = await caseNo(page)
    await close()
    return { case_no: number }
  },

  /** 90 s of nothing, a question for 60 s, then nothing of the person is left anywhere. The clock is moved, not waited for. */
  async idle() {
    const { page, context, close } = await terminal()
    await pair(page)
    await page.clock.install()
    const who = await fillMovingIn(page, byTouch(page))
    const before = await page.evaluate(() => history.length)
    await page.clock.runFor(89_000)
    assert.equal(await page.locator('dialog').count(), 0)
    await page.clock.runFor(3_000)
    await page.waitForSelector('dialog[open]')
    await page.locator('[name=stay]').tap()
    assert.equal(await page.locator('dialog').count(), 0)
    await page.clock.runFor(92_000)
    await page.waitForSelector('dialog[open]')
    await page.clock.runFor(62_000)
    await page.waitForSelector('.home')
    const left = await page.evaluate(() =>
      JSON.stringify([document.documentElement.outerHTML, { ...sessionStorage }, { ...localStorage }, document.cookie, location.href]),
    )
    for (const value of Object.values(who).filter((value) => value.length > 2)) assert.ok(!left.includes(value), `${value} is still there`)
    assert.equal(await page.evaluate(() => history.length), before)
    assert.deepEqual((await context.storageState()).cookies, [])
    assert.equal(await page.evaluate(async () => (await indexedDB.databases()).length + (await caches.keys()).length), 0)
    assert.ok(await session(page), 'the terminal itself stays signed in')
    await close()
    return {}
  },

  /** The other language says the same page with everything typed still there; so does a reload. */
  async language() {
    const { page, close } = await terminal()
    await pair(page)
    const who = await fillMovingIn(page, byTouch(page), somebody(), async (step) => {
      if (step !== 'form') return
      await page.locator('[name=language]').tap()
      await page.waitForSelector('label:text("Title deed number")')
      assert.notEqual(await page.locator('[name=property_right_no]').inputValue(), '')
      assert.equal(await page.getAttribute('html', 'lang'), 'en')
      await page.locator('[name=language]').tap()
    })
    await page.reload()
    await page.waitForSelector('[name=submit]')
    assert.match(await page.locator('main').innerText(), new RegExp(who.deed))
    // Change one answer, and be back.
    await page.locator('[name="change-readings.0"]').tap()
    await page.locator('[name=water_reading]').fill('4.5')
    await page.locator('[name=next]').tap()
    await page.waitForSelector('[name=submit]')
    assert.match(await page.locator('main').innerText(), /4\.5/)
    await close()
    return {}
  },

  /** What the front desk finds is told at the field, and nothing is lost. */
  async faults() {
    const { page, close } = await filled()
    await page.route(CASES, (route) => {
      const body = route.request().postDataJSON()
      body.form.water_reading = '-3'
      return route.continue({ postData: JSON.stringify(body) })
    })
    await page.locator('[name=submit]').tap()
    await page.waitForSelector('[name=water_reading][aria-invalid=true]')
    assert.match(await page.locator('.fault').first().innerText(), /不能小于/)
    await page.unroute(CASES)
    await page.locator('[name=water_reading]').fill('3')
    await page.locator('[name=next]').tap()
    await page.locator('[name=submit]').tap()
    await receipt(page)
    const number = await caseNo(page)
    await close()
    return { case_no: number }
  },

  /** Whom the registry knows has little to fill in; a number without the telephone on file shows nothing. */
  async known() {
    const { page, close } = await terminal()
    const [id, phone] = process.env.YIKOU_RESIDENT.split(' ')
    const hand = byTouch(page)
    await pair(page)
    async function upToForm(telephone) {
      await hand.press('[data-matter=residence-certificate]')
      await hand.press('[name=next]')
      await hand.write('[name=id_number]', id)
      await hand.write('[name=phone]', telephone)
      await hand.press('[name=next]')
      await page.waitForSelector('.steps')
    }
    await upToForm('13900000000')
    assert.equal(await page.locator('.known').count(), 0)
    await hand.press('[name=home]')
    await hand.press('[name=leave]')
    await upToForm(phone)
    assert.match(await page.locator('.known').first().innerText(), /来自人房底册/)
    assert.equal(await page.locator('[name=name]').count(), 0, 'what is known is not asked')
    await page.locator('.known + .button').tap()
    assert.notEqual(await page.locator('[name=name]').inputValue(), '')
    const kept = await page.evaluate(() => JSON.parse(sessionStorage.getItem('yikou.draft')))
    const applicant = kept.matter.groups.find((group) => group.key === 'applicant').fields.length
    const asked = kept.matter.groups.flatMap((group) => group.fields).filter((field) => field.source)
    const filled = asked.filter((field) => kept.values[field.name])
    assert.equal(filled.length, asked.length, `of ${asked.map((field) => field.name)} only ${filled.map((field) => field.name)}`)
    await close()
    return { applicant, filled: filled.length }
  },

  /** No stream gets through: after three failures the lanes are read the plain way, and said to be. */
  async polling() {
    const { page, close } = await filled()
    await page.route('**/events', (route) => route.abort())
    await page.locator('[name=submit]').tap()
    await receipt(page)
    await page.locator('[name=progress]').tap()
    await page.waitForSelector('.live.polling')
    await untilFiveDone(page)
    await page.unroute('**/events')
    await page.waitForSelector('.live.live')
    const number = await caseNo(page)
    await close()
    return { case_no: number }
  },

  /** The registry refuses: nothing is filled in, and everything is asked. */
  async trouble() {
    const { page, close } = await terminal()
    await pair(page)
    await page.route('**/v1/registry/prefill', async (route) => {
      const answer = await route.fetch({ postData: '{' })
      return route.fulfill({ response: answer })
    })
    const who = somebody()
    const hand = byTouch(page)
    await hand.press('[data-matter=moving-in]')
    await hand.press('[name=next]')
    await hand.write('[name=id_number]', who.id)
    await hand.write('[name=phone]', who.phone)
    await hand.press('[name=next]')
    await page.waitForSelector('[name=name]') // without the registry the form is longer, and works
    await page.unroute('**/v1/registry/prefill')
    await hand.press('[name=next]')
    assert.match(await page.locator('.fault').innerText(), /请填写/)
    await close()
    return {}
  },

  /** Every page in both languages and three ways of seeing: axe, touch sizes, no sideways scroll. */
  async looks() {
    const { page, close } = await terminal()
    const found = []
    let looked = 0
    async function look(where) {
      for (const english of [false, true]) {
        if ((await page.getAttribute('html', 'lang')) !== (english ? 'en' : 'zh-CN')) await page.locator('[name=language]').tap()
        for (const way of ['normal', 'large', 'contrast']) {
          if (way !== 'normal') await page.locator(`[name=${way}]`).tap()
          found.push(...(await findings(page)).map((line) => `${where} ${english ? 'en' : 'zh'} ${way}: ${line}`))
          looked += 1
          if (way !== 'normal') await page.locator(`[name=${way}]`).tap()
        }
      }
      await page.locator('[name=language]').tap()
    }
    await page.goto(`${URL}/k`)
    await page.waitForSelector('[name=password]')
    await page.evaluate(axe)
    await look('pairing')
    await pair(page)
    await page.evaluate(axe)
    await look('home')
    await page.locator('[name=all]').tap()
    await page.waitForSelector('#q')
    await look('all')
    await page.locator('.actions .button').tap()
    await page.locator('[name=track]').tap()
    await look('track')
    await page.locator('.actions .button').first().tap()
    await fillMovingIn(page, byTouch(page), somebody(), look)
    await page.locator('[name=submit]').tap()
    await receipt(page)
    await look('receipt')
    await page.locator('[name=progress]').tap()
    await untilFiveDone(page)
    await look('progress')
    assert.deepEqual(found, [])
    await close()
    return { looked }
  },
}

async function findings(page) {
  return page.evaluate(async () => {
    const rules = { 'target-size': { enabled: true } }
    const { violations } = await window.axe.run(document, { rules, resultTypes: ['violations'] })
    const said = violations
      .filter((one) => ['serious', 'critical'].includes(one.impact))
      .map((one) => `${one.id} ${one.nodes[0].target} ${one.nodes[0].any[0]?.message ?? ''}`)
    const touch = 60
    for (const control of document.querySelectorAll('button, select, .upload, input:not([type=file]), textarea')) {
      // A radio or a box is pressed by its whole label.
      const pressed = ['radio', 'checkbox'].includes(control.type) ? control.closest('label') : control
      const box = pressed.getBoundingClientRect()
      if (box.width && (box.height < touch || box.width < touch)) said.push(`${control.name || control.className} is ${box.width} × ${box.height}`)
    }
    const wide = document.documentElement
    if (wide.scrollWidth > wide.clientWidth) said.push(`scrolls sideways: ${wide.scrollWidth} > ${wide.clientWidth}`)
    return said
  })
}

const journey = JOURNEYS[process.argv[2]]
assert.ok(journey, `journeys: ${Object.keys(JOURNEYS)}`)
console.log(JSON.stringify(await journey()))
process.exit(0)
