/// <reference types="vitest/config" />
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

/** Each face is a page of its own: nobody downloads another face's code. A new face is a line here and one in routes/faces.py. */
const FACES = ['k.html', 'b.html']
const here = (path: string) => new URL(path, import.meta.url).pathname

/** The gateway serves these as they lie, so nothing is packed while somebody waits. */
const packed: Plugin = {
  name: 'packed',
  apply: 'build',
  closeBundle() {
    for (const path of readdirSync(here('dist'), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(js|css|html|svg)$/.test(path)) continue
      writeFileSync(here(`dist/${path}.gz`), gzipSync(readFileSync(here(`dist/${path}`)), { level: 9 }))
    }
  },
}

export default defineConfig({
  plugins: [vue(), packed],
  resolve: { alias: { '@': here('src') } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  build: {
    target: 'chrome90',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the content policy knows no data: scripts or styles
    rollupOptions: { input: FACES.map(here) },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
