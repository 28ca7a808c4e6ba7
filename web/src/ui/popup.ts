/** Space that is kept to the edges of the window, in pixels. */
const MARGIN = 8;

/**
 * Puts a popover beside what opened it, inside of the window: below if it fits there, otherwise above. `end` lines up
 * the ends instead of the beginnings.
 */
export function placeBeside(popup: HTMLElement, anchor: Element | null | undefined, end: boolean): void {
  const at = anchor?.getBoundingClientRect();
  if (!at) return;
  const { width, height } = popup.getBoundingClientRect();
  const rtl = document.documentElement.dir === 'rtl';
  const left = end !== rtl ? at.right - width : at.left;
  const below = at.bottom + 4;
  const top = below + height < window.innerHeight - MARGIN ? below : at.top - height - 4;
  popup.style.left = `${Math.min(Math.max(MARGIN, left), Math.max(MARGIN, window.innerWidth - width - MARGIN))}px`;
  popup.style.top = `${Math.min(Math.max(MARGIN, top), Math.max(MARGIN, window.innerHeight - height - MARGIN))}px`;
}
