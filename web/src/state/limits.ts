/** Largest text of one message, in bytes of UTF-8: `wire/src/limits.rs`. */
export const TEXT_BYTES = 64 * 1024;
/** Longest display or room name, in characters. */
export const NAME_CHARS = 80;
/** Longest note to a report, in characters. */
export const NOTE_CHARS = 1000;
