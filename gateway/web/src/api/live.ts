/** Server-sent events over fetch: unlike EventSource it can carry a key in a header, not in an address that is logged. */

export type Frame = { id: string; event: string; data: string }

/** Feed it text as it comes; it gives every whole frame. */
export function framesOf(take: (frame: Frame) => void) {
  let rest = ''
  let frame: Frame = { id: '', event: 'message', data: '' }
  return (text: string) => {
    rest += text
    const lines = rest.split(/\r?\n/)
    rest = lines.pop()!
    for (const line of lines) {
      if (line === '') {
        if (frame.data) take(frame)
        frame = { id: '', event: 'message', data: '' }
        continue
      }
      const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? []
      if (name === 'data') frame.data += (frame.data ? '\n' : '') + value
      else if (name === 'id' || name === 'event') frame[name] = value!
    }
  }
}

const PATIENCE = 3
const AGAIN = 1_000
const POLL = 5_000
/** The gateway says "still here" every fifteen seconds or so; a line silent for longer is dead. */
const SILENCE = 45_000

type Following = {
  url: string
  headers: () => Promise<Record<string, string>>
  onFrame: (frame: Frame) => void
  /** Called each time the stream is out of order for good: read it the plain way. */
  poll: () => Promise<void>
  onState?: (state: 'live' | 'polling' | 'broken') => void
}

/** Follows until `stop()` is called: resumes after the last frame, and polls once three attempts in a row failed. */
export function follow({ url, headers, onFrame, poll, onState }: Following): () => void {
  let last = ''
  let failures = 0
  let connection = new AbortController()
  let stopped = false
  const pause = (ms: number) => new Promise((go) => setTimeout(go, ms))
  const feed = (): ((text: string) => void) =>
    framesOf((frame) => {
      if (frame.id) last = frame.id
      onFrame(frame)
    })

  async function listen() {
    connection = new AbortController()
    let watch = 0
    const alive = () => {
      clearTimeout(watch)
      watch = window.setTimeout(() => connection.abort(), SILENCE)
    }
    try {
      alive()
      const answer = await fetch(url, {
        headers: { ...(await headers()), Accept: 'text/event-stream', ...(last ? { 'Last-Event-ID': last } : {}) },
        signal: connection.signal,
        cache: 'no-store',
      })
      if (!answer.ok || !answer.body) throw new Error(String(answer.status))
      failures = 0
      onState?.('live')
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      const take = feed()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        alive()
        take(value)
      }
    } finally {
      clearTimeout(watch)
    }
  }

  void (async () => {
    while (!stopped) {
      try {
        await listen()
      } catch {
        failures += 1
      }
      if (stopped) return
      if (failures >= PATIENCE) {
        try {
          await poll()
          onState?.('polling')
        } catch {
          onState?.('broken')
        }
      }
      await pause(failures >= PATIENCE ? POLL : AGAIN)
    }
  })()
  return () => {
    stopped = true
    connection.abort()
  }
}
