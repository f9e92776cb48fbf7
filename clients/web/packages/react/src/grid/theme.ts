/** What the canvas draws with: the CSS custom properties of styles.css, read from the element. */
export interface GridTheme {
  background: string;
  text: string;
  dim: string;
  line: string;
  border: string;
  gutter: string;
  hover: string;
  selectedRow: string;
  accent: string;
  skeleton: string;
  failed: string;
  font: string;
  numberFont: string;
  rowHeight: number;
}

export function readTheme(element: Element): GridTheme {
  const style = getComputedStyle(element);
  const value = (name: string, fallback: string) =>
    style.getPropertyValue(`--bowshot-${name}`).trim() || fallback;
  const size = value('font-size', '13px');
  const font = `${size} ${value('font', 'system-ui, sans-serif')}`;
  return {
    background: value('background', '#ffffff'),
    text: value('text', '#1b1f24'),
    dim: value('dim', '#8a929c'),
    line: value('line', '#eceef1'),
    border: value('border', '#dfe3e8'),
    gutter: value('gutter', '#fafbfc'),
    hover: value('hover', '#f6f8fa'),
    selectedRow: value('selected-row', '#eef4ff'),
    accent: value('accent', '#2563eb'),
    skeleton: value('skeleton', '#eceef1'),
    failed: value('failed', '#fbdcd9'),
    font,
    numberFont: hasEqualDigits(font) ? font : `${size} ${value('number-font', 'monospace')}`,
    rowHeight: Number.parseFloat(value('row-height', '28')) || 28,
  };
}

/** Canvases know no `font-variant-numeric`; a font with digits of several widths cannot align them. */
function hasEqualDigits(font: string): boolean {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return true;
  context.font = font;
  const width = context.measureText('0').width;
  return Array.from('123456789').every(
    (digit) => Math.abs(context.measureText(digit).width - width) < 0.01,
  );
}

/** Calls back when the theme may have changed: the system's, or an attribute of the page. */
export function watchTheme(changed: () => void): () => void {
  const media = matchMedia('(prefers-color-scheme: dark)');
  media.addEventListener('change', changed);
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, {
    attributes: true,
    attributeFilter: ['class', 'style', 'data-theme'],
  });
  return () => {
    media.removeEventListener('change', changed);
    observer.disconnect();
  };
}
