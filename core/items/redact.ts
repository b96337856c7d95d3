/**
 * A message of the API server about a Secret without anything it quotes (rule 14). Validation errors repeat the value
 * that was refused; the field and the reason are enough to act on.
 */
export function redact(message: string): string {
  return message
    .replace(/Invalid value: ("(?:[^"\\]|\\.)*"|[^:]*):/g, 'Invalid value: <redacted>:')
    .replace(/Unsupported value: ("(?:[^"\\]|\\.)*"|[^:]*):/g, 'Unsupported value: <redacted>:')
    .replace(/(last-applied-configuration[^{]*)\{.*\}/gs, '$1<redacted>')
    .replace(/(base64[^"]*)"(?:[^"\\]|\\.)*"/g, '$1"<redacted>"')
    .replace(/map\[string\][a-z0-9 {}]*\{.*?\}/gs, '<redacted>')
    .replace(/[A-Za-z0-9+/_-]{32,}={0,2}/g, (text) => (/^[a-z0-9.-]+$/.test(text) ? text : '<redacted>'))
}
