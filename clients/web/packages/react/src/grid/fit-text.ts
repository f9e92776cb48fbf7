import { groupDigits } from '@bowshot/client';

/** What texts are measured by. */
type Ruler = Pick<CanvasRenderingContext2D, 'measureText'>;

/** As much of a text as fits, with an ellipsis where some is missing. */
export function fitText(ruler: Ruler, text: string, space: number): string {
  if (ruler.measureText(text).width <= space) return text;
  let fits = 0;
  let tooLong = text.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (ruler.measureText(`${text.slice(0, middle)}…`).width <= space) fits = middle;
    else tooLong = middle;
  }
  return `${text.slice(0, fits)}…`;
}

/** Digits that a rounded number has at least; with fewer it would look like another number. */
const SIGNIFICANT_MIN = 3;

/**
 * A number that has no room loses digits of its fraction, rounded, and a whole one the commas between
 * its digits: a column of them reads better than one of ellipses. Whole digits are never left out unseen.
 */
export function fitNumber(ruler: Ruler, text: string, space: number): string {
  const excess = ruler.measureText(text).width - space;
  if (excess <= 0) return text;
  if (/^-?[\d,]+$/.test(text)) {
    const plain = text.replaceAll(',', '');
    return ruler.measureText(plain).width <= space ? plain : fitText(ruler, text, space);
  }
  const [, sign = '', whole = '', fraction = '', exponent = ''] =
    /^(-?)([\d,]+)\.(\d+)(e[-+]?\d+)?$/.exec(text) ?? [];
  const zeros = /^0*$/.test(whole) ? (/^0*/.exec(fraction)?.[0].length ?? 0) : 0;
  const digitsMin = whole === '0' ? zeros + SIGNIFICANT_MIN : 1;
  // Digits are all as wide as one: this is the most that can fit, but for rounding's carry.
  const digitsMax = fraction.length - Math.ceil(excess / ruler.measureText('0').width);
  for (let digits = digitsMax; digits >= digitsMin; --digits) {
    const shorter = sign + rounded(whole, fraction, digits) + exponent;
    if (ruler.measureText(shorter).width <= space) return shorter;
  }
  return fitText(ruler, text, space);
}

/** Half up, on the digits themselves: decimals have more of them than a float64. */
function rounded(whole: string, fraction: string, digits: number): string {
  const kept = BigInt(whole.replaceAll(',', '') + fraction.slice(0, digits));
  const next = fraction.charAt(digits) >= '5' ? kept + 1n : kept;
  const text = String(next).padStart(digits + 1, '0');
  return groupDigits(`${text.slice(0, -digits)}.${text.slice(-digits)}`);
}
