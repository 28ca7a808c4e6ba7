import type { Key } from '../../locale/catalogue';

const apple = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Name of the command key. */
export const COMMAND = apple ? '⌘' : 'Ctrl';

/** What the keyboard can do. */
export const SHORTCUTS: readonly { label: Key; keys: readonly string[] }[] = [
  { label: 'shortcuts.send', keys: ['Enter'] },
  { label: 'shortcuts.line', keys: ['Shift', 'Enter'] },
  { label: 'shortcuts.edit', keys: ['↑'] },
  { label: 'shortcuts.find', keys: ['Mod', 'K'] },
  { label: 'shortcuts.previous', keys: ['Alt', '↑'] },
  { label: 'shortcuts.next', keys: ['Alt', '↓'] },
  { label: 'shortcuts.close', keys: ['Esc'] },
  { label: 'shortcuts.help', keys: ['?'] },
];

export type Command = 'find' | 'previous' | 'next' | 'close' | 'help';

/** The command that a key press means, if any. `typing` is true inside of a text field. */
export function commandOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'isComposing'>,
  typing: boolean,
  singleKeys: boolean,
): Command | null {
  if (event.isComposing) return null;
  if (event.key === 'Escape') return 'close';
  const command = apple ? event.metaKey : event.ctrlKey;
  if (command && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') return 'find';
  if (event.altKey && !event.ctrlKey && !event.metaKey && event.key === 'ArrowUp') return 'previous';
  if (event.altKey && !event.ctrlKey && !event.metaKey && event.key === 'ArrowDown') return 'next';
  if (event.key === '?' && !typing && singleKeys && !event.ctrlKey && !event.metaKey) return 'help';
  return null;
}
