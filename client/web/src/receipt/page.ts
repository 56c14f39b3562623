// SPDX-License-Identifier: Apache-2.0
/*
 * receipt/page.ts - the receipt as a page of its own: no script, nothing fetched, readable and printable as it is. It is
 * also a file of proofs: its lines from "--- keys" to "--- end" are, and what is around them is words for people.
 */
const STYLE = ':root{color-scheme:light}body{font:16px/1.5 system-ui,sans-serif;color:#111;background:#fff;max-width:44rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}ul{list-style:none;padding:0}li{border-top:1px solid #999;padding:.5rem 0}dl div{display:flex;flex-wrap:wrap;gap:0 1rem}dt{min-width:8rem;color:#555}dd{margin:0;flex:1 1 12rem}pre{font-size:11px;white-space:pre-wrap;word-break:break-all;background:#f4f4f4;padding:1rem}';

/* The names in proofs have no such characters; whoever invents one has a file that does not check, and no markup. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** `body`: markup that was made of elements; `proofs`: the text of a file of proofs, '' for none; `dir`: how the language is read. */
export function receiptPage(language: string, title: string, body: string, proofs: string, dir = 'ltr'): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="${language}" dir="${dir}"><head>${head}</head><body><h1>${escaped(title)}</h1>${body}\n${proofs && `<pre dir="ltr">\n${escaped(proofs)}</pre>`}</body></html>\n`;
}
