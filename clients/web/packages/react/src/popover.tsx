import {
  useEffect,
  useLayoutEffect,
  useRef,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
} from 'react';

export interface PopoverProps {
  /** What it stands at. It gets the focus back. */
  anchor: Element;
  /** Its name for assistive technology. */
  label: string;
  onClose: () => void;
  /** Which edges meet. Default `start`: the left ones. */
  align?: 'start' | 'end';
  className?: string;
  children: ReactNode;
}

const GAP = 4;
const EDGE = 8;

/**
 * A panel over everything else, below its anchor or, where there is no room, above it. Escape and a
 * press outside close it; the focus goes in, stays in, and comes back.
 */
export function Popover({ anchor, label, onClose, align = 'start', ...props }: PopoverProps) {
  const panel = useRef<HTMLDivElement>(null);
  useOpenPopover(panel, anchor, onClose);
  useLayoutEffect(() => {
    const element = panel.current!;
    const place = () => placeAt(element, anchor, align);
    place();
    const resized = new ResizeObserver(place);
    resized.observe(element);
    addEventListener('resize', place);
    return () => {
      resized.disconnect();
      removeEventListener('resize', place);
    };
  }, [anchor, align]);
  return (
    <div
      ref={panel}
      popover="auto"
      role="dialog"
      aria-label={label}
      className={`bowshot-popover ${props.className ?? ''}`}
      // React hears keys of portals and popovers through the tree: the grid must not.
      onKeyDown={(event) => {
        event.stopPropagation();
        if (closesOn(event)) {
          event.preventDefault();
          onClose();
        } else {
          keepFocusIn(event);
        }
      }}
      onPointerDown={(event) => event.stopPropagation()}
    >
      {props.children}
    </div>
  );
}

function useOpenPopover(
  panel: RefObject<HTMLDivElement | null>,
  anchor: Element,
  onClose: () => void,
): void {
  const close = useRef(onClose);
  useLayoutEffect(() => {
    close.current = onClose;
  }, [onClose]);
  useEffect(() => {
    const element = panel.current!;
    const toggled = (event: Event) => {
      if ((event as ToggleEvent).newState === 'closed') close.current();
    };
    element.showPopover();
    element.addEventListener('toggle', toggled);
    const first = element.querySelector<HTMLElement>('[data-autofocus]');
    (first ?? focusable(element)[0])?.focus({ preventScroll: true });
    return () => {
      element.removeEventListener('toggle', toggled);
      const hadFocus = element.contains(document.activeElement);
      if (element.matches(':popover-open')) element.hidePopover();
      const isLost = hadFocus || document.activeElement === document.body;
      if (isLost && anchor instanceof HTMLElement) anchor.focus({ preventScroll: true });
    };
  }, [panel, anchor]);
}

function placeAt(element: HTMLElement, anchor: Element, align: 'start' | 'end'): void {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = element;
  const wanted = align === 'start' ? at.left : at.right - width;
  const left = Math.max(EDGE, Math.min(wanted, innerWidth - width - EDGE));
  const below = at.bottom + GAP;
  const fitsBelow = below + height + EDGE <= innerHeight;
  const above = at.top - GAP - height;
  const top = fitsBelow || above < EDGE ? Math.min(below, innerHeight - height - EDGE) : above;
  element.style.left = `${left}px`;
  element.style.top = `${Math.max(EDGE, top)}px`;
}

/**
 * The browser, too, closes on Escape, but says so later: a key that opens the panel again would come
 * before that, and be lost.
 */
function closesOn({ key, nativeEvent }: KeyboardEvent): boolean {
  return key === 'Escape' && !nativeEvent.isComposing;
}

const FOCUSABLE =
  'button:not(:disabled), input:not(:disabled), select, textarea, a[href], [tabindex="0"]';

function focusable(element: HTMLElement): HTMLElement[] {
  return [...element.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (candidate) => candidate.offsetParent !== null && candidate.tabIndex >= 0,
  );
}

/** Tab goes around; arrows go up and down among menu items. */
function keepFocusIn(event: KeyboardEvent<HTMLDivElement>): void {
  const { key, shiftKey, currentTarget, target } = event;
  const isItem = target instanceof HTMLElement && target.dataset['menuItem'] !== undefined;
  if (isItem && (key === 'ArrowDown' || key === 'ArrowUp')) {
    const items = [
      ...currentTarget.querySelectorAll<HTMLElement>('[data-menu-item]:not(:disabled)'),
    ];
    const next = items.indexOf(target) + (key === 'ArrowDown' ? 1 : -1);
    items.at(next % items.length)?.focus();
    event.preventDefault();
    return;
  }
  if (key !== 'Tab') return;
  const elements = focusable(currentTarget);
  const edge = shiftKey ? elements[0] : elements.at(-1);
  if (document.activeElement !== edge) return;
  (shiftKey ? elements.at(-1) : elements[0])?.focus();
  event.preventDefault();
}

interface MenuItemProps {
  onSelect: () => void;
  children: ReactNode;
  /** Shows a mark. */
  isChecked?: boolean;
  isDisabled?: boolean;
  hint?: ReactNode;
}

/** A line of a menu within a popover. */
export function MenuItem({ onSelect, children, isChecked, isDisabled, hint }: MenuItemProps) {
  return (
    <button
      type="button"
      className="bowshot-menu-item"
      data-menu-item=""
      aria-pressed={isChecked}
      disabled={isDisabled}
      onClick={onSelect}
    >
      <span>{children}</span>
      {isChecked ? <CheckMark /> : hint !== undefined && <small>{hint}</small>}
    </button>
  );
}

function CheckMark() {
  return (
    <svg aria-hidden width="12" height="12" viewBox="0 0 12 12" fill="none" stroke="currentColor">
      <path d="m2 6.5 2.8 3L10 3" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
