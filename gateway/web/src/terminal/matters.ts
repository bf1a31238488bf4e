/** The catalogue as this place has it; asked once and kept, for it is nobody's secret. */
import { ref } from 'vue'
import { api, ask, isTrouble, NOBODY_ANSWERED, type Trouble } from '@/api/client'
import type { Matter } from '@/api/shapes'

export const matters = ref<Matter[]>([])
export const mattersTrouble = ref<Trouble | null>(null)

export async function loadMatters() {
  if (matters.value.length) return
  mattersTrouble.value = null
  try {
    const { items } = await ask<{ items: Matter[] }>(api.GET('/v1/matters'))
    matters.value = items.filter((matter) => matter.channels.includes('kiosk'))
  } catch (error) {
    mattersTrouble.value = isTrouble(error) ? error : NOBODY_ANSWERED
  }
}
