import {
  DateUnit,
  TimeUnit,
  Type,
  type Data,
  type DataType,
  type Decimal,
  type Date_,
  type Duration,
  type List,
  type Struct,
  type Time,
  type Timestamp,
  type Vector,
} from 'apache-arrow';

import { calendarDate, clockTime, durationText, isoInstant } from './time-text.js';

/** A cell's text is cut here: a screen shows less, and canvases measure long text slowly. */
const TEXT_LENGTH_MAX = 500;
/** In place of a length: nothing is cut, and text keeps its lines. */
const WHOLE = Infinity;
/** `7f ` */
const CHARACTERS_OF_BYTE = 3;

/** Whether columns of the protocol's type are numbers: right-aligned, with grouped digits. */
export function isNumericType(type: string): boolean {
  return /^(u?int\d+|float\d+|decimal128)/.test(type);
}

/** A cell as a person reads it; null where the cell is null. Exact, whatever the type. */
export function cellText(vector: Vector, index: number): string | null {
  return textAt(vector, index, TEXT_LENGTH_MAX);
}

function textAt(vector: Vector, index: number, max: number): string | null {
  let rest = index;
  for (const data of vector.data as readonly Data[]) {
    if (rest < data.length) return valueText(data, rest, max);
    rest -= data.length;
  }
  throw new RangeError(`row ${index} of ${vector.length}`);
}

/** A cell for the clipboard: all of it, and numbers that other programs can read. */
export function plainText(vector: Vector, index: number): string {
  const text = wholeText(vector, index) ?? '';
  const { typeId } = vector.type as DataType;
  const isNumber = typeId === Type.Int || typeId === Type.Float || typeId === Type.Decimal;
  return isNumber ? text.replaceAll(',', '') : text;
}

/**
 * Everything a cell holds, lines and tabs of text as they are; null where the cell is null. For one cell
 * that is read, not for many that are drawn.
 */
export function wholeText(vector: Vector, index: number): string | null {
  return textAt(vector, index, WHOLE);
}

/** `max`: where texts are cut, in characters. */
function valueText(data: Data, index: number, max: number): string | null {
  if (!data.getValid(index)) return null;
  switch (data.typeId) {
    case Type.Null:
      return null;
    case Type.Bool:
      return bit(data.values as Uint8Array, data.offset + index) ? 'true' : 'false';
    case Type.Int:
      return groupDigits(String((data.values as ArrayLike<number | bigint>)[index]));
    case Type.Float:
      return floatText(data, index);
    case Type.Decimal:
      return decimalText(data as Data<Decimal>, index);
    case Type.Utf8:
    case Type.LargeUtf8:
      return visibleText(new TextDecoder().decode(bytesOf(data, index, max)), max);
    case Type.Binary:
    case Type.LargeBinary:
      return hexText(bytesOf(data, index, max), max);
    case Type.Dictionary:
      return dictionaryText(data, index, max);
    case Type.List:
      return listText(data as Data<List>, index, max);
    case Type.Struct:
      return structText(data as Data<Struct>, index, max);
    default:
      return timeText(data, index);
  }
}

function timeText(data: Data, index: number): string {
  const value = BigInt((data.values as ArrayLike<number | bigint>)[index] ?? 0);
  switch (data.typeId) {
    case Type.Date: {
      const isDays = (data.type as Date_).unit === DateUnit.DAY;
      return calendarDate(isDays ? value : value / 86_400_000n);
    }
    case Type.Timestamp: {
      const { unit, timezone } = data.type as Timestamp;
      return isoInstant(value, unitsPerSecond(unit)) + (timezone ? 'Z' : '');
    }
    case Type.Time:
      return clockTime(value, unitsPerSecond((data.type as Time).unit));
    case Type.Duration:
      return durationText(value, unitsPerSecond((data.type as Duration).unit));
    default:
      return `(${Type[data.typeId]})`;
  }
}

function unitsPerSecond(unit: TimeUnit): bigint {
  return 10n ** BigInt(3 * unit);
}

/** `-1234567.5` -> `-1,234,567.5`; whole numbers below 10,000 as they are: years look like years. */
export function groupDigits(text: string): string {
  const [, sign = '', whole = '', rest = ''] = /^(-?)(\d+)(.*)$/.exec(text) ?? [];
  if (whole.length < 4 || (whole.length === 4 && rest === '')) return text;
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',') + rest;
}

function floatText(data: Data, index: number): string {
  // float16 has its bits in a Uint16Array.
  if (data.values instanceof Uint16Array) {
    return numberText(Number(halfFloat(data.values[index]!).toPrecision(5)));
  }
  const value = (data.values as Float32Array | Float64Array)[index]!;
  return numberText(data.values instanceof Float32Array ? shortestSingle(value) : value);
}

/** The float64 with the fewest digits that rounds to the same float32: 0.1, not 0.10000000149. */
function shortestSingle(value: number): number {
  for (let digits = 6; digits < 9; ++digits) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return Number(value.toPrecision(9));
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  return text.includes('e') ? text : groupDigits(text);
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** Arrow keeps 128 bits as four words, the least significant first, in two's complement. */
function decimalText(data: Data<Decimal>, index: number): string {
  const words = data.values.subarray(index * 4, index * 4 + 4);
  let value = 0n;
  for (let word = 3; word >= 0; --word) value = (value << 32n) | BigInt(words[word]!);
  value = BigInt.asIntN(128, value);
  const { scale } = data.type;
  const sign = value < 0n ? '-' : '';
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  if (scale <= 0) return groupDigits(sign + digits + '0'.repeat(-scale));
  return groupDigits(`${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`);
}

/** Where a value of variable length lies in its column's values. */
function extentOf(data: Data, index: number): { start: number; end: number } {
  const offsets = data.valueOffsets as ArrayLike<number | bigint>;
  return { start: Number(offsets[index]), end: Number(offsets[index + 1]) };
}

function bytesOf(data: Data, index: number, max: number): Uint8Array {
  const { start, end: wholeEnd } = extentOf(data, index);
  // Four bytes are the most that a character takes.
  const end = Math.min(wholeEnd, start + max * 4);
  return (data.values as Uint8Array).subarray(start, end);
}

/** Text on one line, unless it is to be whole: control characters as their pictures. */
function visibleText(text: string, max: number): string {
  if (max === WHOLE) return text;
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return cut.replace(/[\u0000-\u001f]/g, (character) =>
    character in COMMON_SIGNS
      ? COMMON_SIGNS[character]!
      : String.fromCodePoint(0x2400 + character.charCodeAt(0)),
  );
}

/** Fonts have these more often than the pictures of control characters. */
const COMMON_SIGNS: Record<string, string> = { '\n': '↵', '\t': '⇥' };

function hexText(bytes: Uint8Array, max: number): string {
  const count = Math.min(bytes.length, Math.floor(max / CHARACTERS_OF_BYTE));
  const shown = Array.from(bytes.subarray(0, count), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join(' ');
  return bytes.length > count ? `${shown} …` : shown;
}

function dictionaryText(data: Data, index: number, max: number): string | null {
  if (!data.dictionary) return null;
  return textAt(data.dictionary, Number((data.values as Int32Array)[index]), max);
}

function listText(data: Data<List>, index: number, max: number): string {
  const child = data.children[0] as Data;
  const { start, end } = extentOf(data, index);
  const items: string[] = [];
  for (let item = start, length = 0; item < end; ++item) {
    items.push(nestedText(child, item, max));
    length += items.at(-1)!.length + 2;
    if (length > max && item + 1 < end) {
      items.push('…');
      break;
    }
  }
  return `[${items.join(', ')}]`;
}

function structText(data: Data<Struct>, index: number, max: number): string {
  const fields = data.type.children as { name: string; type: DataType }[];
  const items = fields.map((field, child) => {
    return `${field.name}: ${nestedText(data.children[child]!, index, max)}`;
  });
  return `{${items.join(', ')}}`;
}

/** Within lists and structs text is quoted, so that a comma in it does not mislead. */
function nestedText(data: Data, index: number, max: number): string {
  const text = valueText(data, index, max);
  if (text === null) return 'null';
  const typeId = data.typeId;
  return typeId === Type.Utf8 || typeId === Type.LargeUtf8 ? JSON.stringify(text) : text;
}

function bit(bytes: Uint8Array, index: number): boolean {
  return ((bytes[index >> 3]! >> (index & 7)) & 1) === 1;
}
