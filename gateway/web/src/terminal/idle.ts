/** Nobody touched anything for 90 seconds: ask; nobody answers for 60 more: wipe. */
import { onBeforeUnmount, ref } from 'vue'

export const QUIET = 90
export const COUNTDOWN = 60

export function watchIdle(isUsed: () => boolean, wipe: () => void) {
  /** Seconds left, or null while somebody is here. */
  const left = ref<number | null>(null)
  let since = Date.now()
  const here = () => {
    if (left.value === null) since = Date.now() // once asked, only the answer counts
  }
  const stay = () => {
    since = Date.now()
    left.value = null
  }
  // Counted from the clock: a tab that slept wakes up wiped.
  const timer = setInterval(() => {
    if (!isUsed()) return stay()
    const quiet = (Date.now() - since) / 1000
    if (quiet >= QUIET + COUNTDOWN) {
      wipe()
      stay()
    } else left.value = quiet >= QUIET ? Math.ceil(QUIET + COUNTDOWN - quiet) : null
  }, 500)
  const signs = ['pointerdown', 'keydown', 'input', 'scroll'] as const
  signs.forEach((sign) => addEventListener(sign, here, { passive: true, capture: true }))
  onBeforeUnmount(() => {
    clearInterval(timer)
    signs.forEach((sign) => removeEventListener(sign, here, { capture: true }))
  })
  return { left, stay }
}
