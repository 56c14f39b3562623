// SPDX-License-Identifier: Apache-2.0
/*
 * receipt/page.ts - the receipt as a page of its own: no script, nothing fetched, readable and printable as it is. It is
 * also a file of proofs: its lines from "--- keys" to "--- end" are, and what is around them is words for people.
 */
const STYLE = 'body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}ul{list-style:none;padding:0}li{border-top:1px solid #999;padding:.5rem 0}dl div{display:flex;gap:1rem}dt{min-width:8rem;color:#555}dd{margin:0}pre{font-size:11px;white-space:pre-wrap;word-break:break-all;background:#f4f4f4;padding:1rem}';

/* The names in proofs have no such characters; whoever invents one has a file that does not check, and no markup. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** `body`: markup that was made of elements; `proofs`: the text of a file of proofs, '' for none. */
export function receiptPage(language: string, title: string, body: string, proofs: string): string {
  const head = `<meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="${language}"><head>${head}</head><body><h1>${escaped(title)}</h1>${body}\n${proofs && `<pre>\n${escaped(proofs)}</pre>`}</body></html>\n`;
}
