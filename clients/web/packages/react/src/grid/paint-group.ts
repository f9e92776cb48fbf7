import type { GroupLine } from '@bowshot/client';

import { exactText } from '../number-text.js';
import { valueText } from '../value-text.js';
import { fitNumber, fitText } from './fit-text.js';
import { CELL_PADDING, leftOf, type Scene } from './scene.js';

const INDENT = 20;
const CHEVRON = 5;
/** Room that a group's name has at least, before the first measure ends it. */
const NAME_WIDTH_MIN = 120;

/** A group's line: its name from the left, its measures in their columns. */
export function paintGroup(
  context: CanvasRenderingContext2D,
  scene: Scene,
  { row, top, group }: { row: number; top: number; group: GroupLine },
): void {
  const { theme, gutterWidth, width, active, hoverRow } = scene;
  const left = gutterWidth + CELL_PADDING + group.depth * INDENT;
  const middle = top + theme.rowHeight / 2;
  const measured = [...scene.pinned, ...scene.scrolled].filter(({ info }) =>
    group.measures.has(info.name),
  );
  const nameEnd = measured
    .map((column) => leftOf(scene, column))
    .filter((x) => x > left + NAME_WIDTH_MIN)
    .reduce((nearest, x) => Math.min(nearest, x), width);
  // Under the name lines between columns would only disturb.
  const mark = row === active?.row ? theme.selectedRow : row === hoverRow && theme.hover;
  for (const color of mark ? [theme.gutter, mark] : [theme.gutter]) {
    context.fillStyle = color;
    context.fillRect(gutterWidth, top, nameEnd - gutterWidth - 1, theme.rowHeight - 1);
  }
  paintChevron(context, left, middle, group.isExpanded, theme.dim);
  paintName(context, scene, group, { left: left + 2 * CHEVRON + 8, middle, end: nameEnd });
  for (const column of measured) {
    const x = leftOf(scene, column);
    if (x < nameEnd - 1) continue;
    const text = shortMeasure(group.measures.get(column.info.name));
    context.font = theme.numberFont;
    context.fillStyle = theme.text;
    context.textAlign = 'right';
    const fitted = fitNumber(context, text, column.width - 2 * CELL_PADDING);
    context.fillText(fitted, x + column.width - CELL_PADDING, middle + 0.5);
  }
}

/** A mean has more digits than anyone reads: the canvas shows eight, the DOM and copies all. */
function shortMeasure(text: string | null | undefined): string {
  if (text === null || text === undefined) return 'null';
  const [whole = '', fraction = ''] = text.split('.');
  if (fraction.length <= 4 || text.includes('e')) return text;
  return Number(text.replaceAll(',', '')).toLocaleString('en-US', {
    maximumFractionDigits: Math.max(2, 7 - whole.length),
  });
}

function paintName(
  context: CanvasRenderingContext2D,
  { theme }: Scene,
  { column, text, count }: GroupLine,
  { left, middle, end }: { left: number; middle: number; end: number },
): void {
  context.textAlign = 'left';
  let x = left;
  const parts = [
    { text: column, font: theme.font, color: theme.dim },
    {
      text: valueText(text),
      font: `600 ${theme.font}`,
      color: text === null || text === '' ? theme.dim : theme.text,
    },
    {
      text: `${exactText(count)} ${count === 1 ? 'row' : 'rows'}`,
      font: theme.numberFont,
      color: theme.dim,
    },
  ];
  const widthOf = ({ font, text }: (typeof parts)[number]) => {
    context.font = font;
    return context.measureText(text).width;
  };
  // Where all has no room the column goes: the value and its rows are what is looked for.
  const wanted = parts.reduce((sum, part) => sum + widthOf(part) + 10, -10);
  if (wanted > end - left - CELL_PADDING) parts.shift();
  for (const part of parts) {
    context.font = part.font;
    context.fillStyle = part.color;
    const space = end - x - CELL_PADDING;
    if (space < 12) return;
    const fitted = fitText(context, part.text, space);
    context.fillText(fitted, x, middle + 0.5);
    x += context.measureText(fitted).width + 10;
  }
}

function paintChevron(
  context: CanvasRenderingContext2D,
  x: number,
  middle: number,
  isExpanded: boolean,
  color: string,
): void {
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  if (isExpanded) {
    context.moveTo(x, middle - 2);
    context.lineTo(x + CHEVRON, middle + 3);
    context.lineTo(x + 2 * CHEVRON, middle - 2);
  } else {
    context.moveTo(x + 3, middle - CHEVRON);
    context.lineTo(x + 3 + CHEVRON, middle);
    context.lineTo(x + 3, middle + CHEVRON);
  }
  context.stroke();
}
