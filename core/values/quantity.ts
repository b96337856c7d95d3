/** Whether a text is a Kubernetes quantity: `100m`, `1.5Gi`, `2e3`. */
export function isQuantity(text: string): boolean {
  return syntax.test(text)
}

/** Negative, zero or positive: whether the first quantity is less than, equal to or greater than the second. */
export function compareQuantities(a: string, b: string): number {
  return amount(a) - amount(b)
}

const syntax = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?$/
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const decimal = new Map(
  ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'].map((suffix, index) => [suffix, 10 ** ((index - 3) * 3)]),
)

/** As a floating-point number, which is exact enough for the resources of a container. */
function amount(text: string): number {
  const [, digits = '0', binarySuffix, decimalSuffix, exponent] = syntax.exec(text) ?? []
  if (binarySuffix !== undefined) return Number(digits) * 1024 ** (binary.indexOf(binarySuffix) + 1)
  if (exponent !== undefined) return Number(digits) * 10 ** Number(exponent)
  return Number(digits) * (decimal.get(decimalSuffix ?? '') ?? 1)
}

/** A quantity as a whole number, rounded up as in Kubernetes; 0 for a value that is not a quantity. */
export function quantityValue(quantity: unknown): number {
  if (typeof quantity === 'number') return Math.ceil(quantity)
  return typeof quantity === 'string' && isQuantity(quantity) ? Math.ceil(amount(quantity)) : 0
}
