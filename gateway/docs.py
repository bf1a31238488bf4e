"""The page at /docs: the operations of /openapi.json, readable, from nowhere else but here."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root{color-scheme:light}
body{font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:#1B1F24;margin:0 auto;
max-width:60rem;padding:1.5rem}
h1{margin:0 0 .25rem}h2{margin:2.5rem 0 .5rem;border-bottom:2px solid #0B5CAD}
p,.muted{color:#4A5560}pre{white-space:pre-wrap}
details{border:1px solid #6B7785;border-radius:6px;margin:.5rem 0}
summary{cursor:pointer;padding:.5rem .75rem;display:flex;gap:.75rem;flex-wrap:wrap;align-items:baseline}
summary:focus-visible{outline:4px solid #FFD400}
.method{font:700 .8rem/1 ui-monospace,monospace;background:#0B5CAD;color:#fff;padding:.3rem .5rem;border-radius:4px}
.POST{background:#0A6B3C}code,pre{font-family:ui-monospace,monospace;font-size:.9rem}
.in{padding:0 .75rem .75rem;border-top:1px solid #dde3ea}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #dde3ea;
vertical-align:top}
""".strip()

SCRIPT = """
const make = (tag, text, cls) => {
  const e = document.createElement(tag); if (text) e.textContent = text; if (cls) e.className = cls; return e }
const table = (heads, rows) => {
  const t = make('table'), h = t.createTHead().insertRow();
  heads.forEach(x => h.append(make('th', x)));
  rows.forEach(cells => { const r = t.insertRow(); cells.forEach(c => r.insertCell().append(c)) }); return t }
const shape = (doc, s, seen = []) => {
  if (!s) return '';
  if (s.$ref) { const n = s.$ref.split('/').pop();
    return seen.includes(n) ? n : shape(doc, doc.components.schemas[n], [...seen, n]) }
  if (s.properties) return Object.fromEntries(Object.entries(s.properties).map(([k, v]) =>
    [k + ((s.required || []).includes(k) ? '' : '?'), shape(doc, v, seen)]));
  if (s.type === 'array') return [shape(doc, s.items, seen)];
  return [].concat(s.type || 'any').join('|') + (s.enum ? ': ' + s.enum.join(' | ') : '') };
const show = (doc, s) => make('pre', JSON.stringify(shape(doc, s), null, 2));
fetch('/openapi.json').then(r => r.json()).then(doc => {
  const main = document.querySelector('main'); main.textContent = '';
  main.append(make('pre', doc.info.description, 'muted'));
  for (const tag of doc.tags) {
    const found = Object.entries(doc.paths).flatMap(([path, item]) => Object.entries(item)
      .filter(([, op]) => (op.tags || []).includes(tag.name)).map(([method, op]) => [path, method.toUpperCase(), op]));
    if (!found.length) continue;
    main.append(make('h2', tag.description));
    for (const [path, method, op] of found) {
      const d = make('details'), s = make('summary'), b = make('div', '', 'in');
      s.append(make('span', method, 'method ' + method), make('code', path), make('span', op.summary));
      if (op.description) b.append(make('p', op.description));
      const who = (op.security || []).map(x => Object.keys(x)[0]).join(', ') || '任何人 · anyone';
      b.append(make('p', '凭证 · credential: ' + who + (op['x-roles'] ? ' — ' + op['x-roles'].join(', ') : '')));
      if (op.parameters && op.parameters.length) b.append(table(['参数 · parameter', '', ''], op.parameters.map(p =>
        [make('code', p.name), p.in + (p.required ? ', required' : ''), p.description || ''])));
      const body = op.requestBody && Object.values(op.requestBody.content)[0];
      if (body) { b.append(make('p', '提交 · body')); b.append(show(doc, body.schema)) }
      for (const [status, r] of Object.entries(op.responses)) {
        const c = r.content && Object.entries(r.content)[0];
        if (c) { b.append(make('p', status + ' · ' + c[0])); b.append(show(doc, c[1].schema)) } }
      d.append(s, b); main.append(d) } }
}).catch(e => { document.querySelector('main').textContent = '/openapi.json: ' + e });
""".strip()


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


POLICY = (
    f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

PAGE = f"""<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>一口 · Yikou API</title>
<style>{STYLE}</style>
<h1>一口 · Yikou API</h1>
<p><a href="/openapi.json">/openapi.json</a> · OpenAPI 3.1</p>
<main>…</main>
<noscript><p>此页需要 JavaScript；接口描述见 <a href="/openapi.json">/openapi.json</a>。
This page needs JavaScript; the document itself is at /openapi.json.</p></noscript>
<script>{SCRIPT}</script>
</html>
""".encode()
