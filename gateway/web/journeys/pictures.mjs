// `node pictures.mjs <folder>`: the terminal as a resident sees it, for docs/pictures and the README.
import { byTouch, fillMovingIn, pair, somebody, terminal, untilFiveDone } from './browser.mjs'

const folder = process.argv[2]
const WANTED = { matter: 'matter', form: 'form' }

async function series(suffix, { english = false, large = false }) {
  const { page, close } = await terminal()
  const shot = (name) => page.screenshot({ path: `${folder}/terminal-${name}-${suffix}.png` })
  await pair(page)
  if (english) await page.locator('[name=language]').tap()
  if (large) await page.locator('[name=large]').tap()
  await shot('home')
  await fillMovingIn(page, byTouch(page), somebody(), async (step) => {
    if (WANTED[step]) await shot(WANTED[step])
    if (large && step !== 'form' && step !== 'matter') return
    if (step === 'check') await shot('check')
  })
  await page.locator('[name=submit]').tap()
  await page.waitForSelector('.page.receipt')
  await shot('receipt')
  await page.locator('[name=progress]').tap()
  await untilFiveDone(page)
  await shot('lanes')
  await close()
}

await series('zh', {})
await series('en', { english: true })
await series('zh-large', { large: true })
process.exit(0)
