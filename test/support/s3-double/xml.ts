/** An element: its name, and text, elements, or nothing. */
export type Element = readonly [name: string, content: string | number | boolean | readonly Element[]]

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' }

export const writeXml = (root: Element): string => `<?xml version="1.0" encoding="UTF-8"?>\n${elementText(root)}`

function elementText([name, content]: Element): string {
  const inner = typeof content === 'object' ? content.map(elementText).join('') : String(content).replace(/[&<>"\r]/g, (char) => escapes[char] ?? char)
  return `<${name}>${inner}</${name}>`
}

/** The texts of all elements of this name, which must not nest: as much as the bodies that clients send need. */
export const textsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([^]*?)</${name}>`, 'g'))].map(([, inner = '']) => inner)

export const unescapeXml = (text: string): string =>
  text
    .replace(/&#(x?)([0-9a-f]+);/gi, (_, hex: string, code: string) => String.fromCodePoint(Number.parseInt(code, hex === '' ? 10 : 16)))
    .replace(/&(lt|gt|quot|apos);/g, (_, name: string) => ({ lt: '<', gt: '>', quot: '"', apos: "'" })[name] ?? '')
    .replaceAll('&amp;', '&')
