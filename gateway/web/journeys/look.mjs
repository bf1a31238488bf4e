import { terminal, pair, fillMovingIn, byTouch, untilFiveDone } from './browser.mjs'
const folder = process.argv[2]
const { page, close } = await terminal()
let n = 0
const shot = async (name) => { await page.screenshot({ path: `${folder}/${String(n++).padStart(2,'0')}-${name}.png` }) }
try {
  await page.goto(process.env.YIKOU_URL + '/k'); await page.waitForSelector('[name=password]'); await shot('pair')
  await pair(page); await shot('home')
  await fillMovingIn(page, byTouch(page), undefined, shot)
  await page.locator('[name=submit]').tap(); await page.waitForSelector('.receipt'); await shot('receipt')
  await page.locator('[name=progress]').tap(); await page.waitForSelector('.lane'); await shot('lanes')
  await untilFiveDone(page); await shot('done')
} catch (e) { console.log(String(e).slice(0,1500)); await shot('ERROR') }
await close()
