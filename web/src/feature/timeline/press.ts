/** So long a finger rests for what a mouse does with its other button. */
const LONG_MS = 450;
/** A finger that moves further scrolls. */
const MOVED_PX = 10;

/** Calls back when a finger rests on an element. */
export function longPress(pressed: () => void) {
  return (element: HTMLElement) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from = { x: 0, y: 0 };
    const stop = () => clearTimeout(timer);
    const down = (event: PointerEvent) => {
      stop();
      // Links and buttons have a meaning of their own.
      if (event.pointerType !== 'touch' || (event.target as Element).closest('a, button, pre')) return;
      from = { x: event.clientX, y: event.clientY };
      timer = setTimeout(pressed, LONG_MS);
    };
    const move = (event: PointerEvent) => {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > MOVED_PX) stop();
    };
    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    for (const end of ['pointerup', 'pointercancel', 'pointerleave'] as const)
      element.addEventListener(end, stop);
    return () => {
      stop();
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      for (const end of ['pointerup', 'pointercancel', 'pointerleave'] as const)
        element.removeEventListener(end, stop);
    };
  };
}
