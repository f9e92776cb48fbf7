import { useState, type FocusEvent, type KeyboardEvent } from 'react';

/**
 * A list as one stop of the Tab key: up, down, Home and End go from item to item, right and left among an
 * item's buttons. `list` goes onto the `<ul>`, `tabIndex(item)` onto the first button of each `<li>`; the
 * others have -1.
 */
export function useRovingList(first: number) {
  const [stop, setStop] = useState<number>();
  const list = {
    onKeyDown: moveFocus,
    onFocus: ({ target, currentTarget }: FocusEvent<HTMLUListElement>) => {
      setStop([...currentTarget.children].findIndex((item) => item.contains(target)));
    },
  };
  return { list, tabIndex: (item: number) => (item === (stop ?? Math.max(0, first)) ? 0 : -1) };
}

function moveFocus(event: KeyboardEvent<HTMLUListElement>): void {
  const { currentTarget, target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element)) return;
  const items = [...currentTarget.children];
  const at = items.findIndex((item) => item.contains(target));
  const buttons = buttonsOf(items[at]);
  const button = buttons.findIndex((candidate) => candidate === target);
  const next = {
    ArrowDown: () => buttonsOf(items[at + 1])[button],
    ArrowUp: () => buttonsOf(items[at - 1])[button],
    ArrowRight: () => buttons[button + 1],
    ArrowLeft: () => buttons[button - 1],
    Home: () => buttonsOf(items[0])[button],
    End: () => buttonsOf(items.at(-1))[button],
  }[key];
  if (!next) return;
  event.preventDefault();
  next()?.focus();
}

function buttonsOf(item: Element | undefined): HTMLButtonElement[] {
  return [...(item?.querySelectorAll('button') ?? [])];
}
