import { Type, type DataType, type Vector } from 'apache-arrow';

import { cellText } from './cell-text.js';

/** Text as CQL2 spells it. */
export function spellText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A cell as a CQL2 literal that equals it exactly; undefined for null, and where the type has no
 * literal. Infinities are products that overflow: CQL2 has no word for them.
 */
export function cellLiteral(vector: Vector, index: number): string | undefined {
  const text = cellText(vector, index);
  if (text === null) return undefined;
  const type = vector.type as DataType;
  switch (type.typeId) {
    case Type.Bool:
      return text.toUpperCase();
    case Type.Int:
    case Type.Decimal:
      return text.replaceAll(',', '');
    case Type.Float:
      return floatLiteral(Number(vector.get(index)));
    case Type.Utf8:
    case Type.LargeUtf8:
      return spellText(vector.get(index) as string);
    case Type.Dictionary: {
      const value: unknown = vector.get(index);
      return typeof value === 'string' ? spellText(value) : undefined;
    }
    case Type.Date:
      return `DATE('${text}')`;
    case Type.Timestamp:
      return `TIMESTAMP('${text.replace(' ', 'T').replace(/Z?$/, 'Z')}')`;
    default:
      return undefined;
  }
}

/**
 * The predicate that keeps exactly the rows whose cell in `name` (as `spellName` has it) equals this
 * one, null and NaN included; undefined where the type cannot be compared.
 */
export function equalsCell(name: string, vector: Vector, index: number): string | undefined {
  if (cellText(vector, index) === null) return `${name} IS NULL`;
  // NaN is greater than every number, infinity included.
  if (Number.isNaN(vector.get(index))) return `${name} > ${INFINITY}`;
  const literal = cellLiteral(vector, index);
  return literal === undefined ? undefined : `${name} = ${literal}`;
}

const INFINITY = '1e308 * 10';

/** A float32 is spelt with the digits of its float64: that is what it is compared as. */
function floatLiteral(value: number): string | undefined {
  if (Number.isNaN(value)) return undefined;
  if (value === Infinity) return INFINITY;
  if (value === -Infinity) return `-1e308 * 10`;
  return String(value);
}
