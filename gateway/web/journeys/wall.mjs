// The wall, as a supervisor sees it: every number equals its list, it moves by itself, and it is accessible.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { terminal, URL } from './browser.mjs'

const { page, close } = await terminal({ width: 1920, height: 1080, touch: false })
await page.goto(`${URL}/b`)
await page.fill('[name=account]', 'supervisor')
await page.fill('[name=password]', process.env.YIKOU_PASSWORD_SUPERVISOR)
await page.keyboard.press('Enter')
await page.waitForSelector('.four')
if (process.argv[2]) await page.screenshot({ path: process.argv[2] })

for (const number of ['overdue', 'due_soon', 'in_hand', 'closed_today']) {
  await page.click(`[data-number=${number}]`)
  await page.waitForSelector('dialog[open]')
  // Live numbers move while one looks: the list is compared with the number as it is now.
  await page.waitForFunction((name) => {
    const shown = document.querySelector(`[data-number=${name}] b`).textContent
    const said = /(\d+)\D*$/.exec(document.querySelector('dialog h2').textContent)[1]
    const listed = document.querySelectorAll('dialog .cases li').length
    return shown === said && (listed === Number(said) || listed === 100)
  }, number)
  await page.click('[name=close]')
}

await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
for (const lang of ['zh', 'en']) {
  const found = await page.evaluate(async () => (await window.axe.run()).violations.map((one) => `${one.impact} ${one.id} ${one.nodes[0].target}`))
  assert.deepEqual(found.filter((line) => /^(serious|critical)/.test(line)), [], lang)
  await page.click('[name=language]')
}

const before = Number(await page.textContent('[data-number=closed_today] b'))
console.log('looking') // from here a case is closed behind our back
await page.waitForFunction((n) => Number(document.querySelector('[data-number=closed_today] b').textContent) > n, before)
await close()
process.exit(0)
