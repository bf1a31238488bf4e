import { expect, it } from 'vitest'
import { framesOf, type Frame } from './live'

it('frames come whole however the bytes are cut, and heartbeats are no frames', () => {
  const text = ': still here\n\nid: 7\nevent: noted\ndata: {"a":1}\n\nid: 8\r\ndata: one\r\ndata: two\r\n\r\n'
  for (let cut = 1; cut < text.length; cut++) {
    const seen: Frame[] = []
    const take = framesOf((frame) => seen.push(frame))
    take(text.slice(0, cut))
    take(text.slice(cut))
    expect(seen).toEqual([
      { id: '7', event: 'noted', data: '{"a":1}' },
      { id: '8', event: 'message', data: 'one\ntwo' },
    ])
  }
})
