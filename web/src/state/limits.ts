/** Largest text of one message, in bytes of UTF-8: `wire/src/limits.rs`. */
export const TEXT_BYTES = 64 * 1024;
/** Longest display or room name, in characters. */
export const NAME_CHARS = 80;
/** Longest note to a report, in characters. */
export const NOTE_CHARS = 1000;
/** Answers of a poll at most: `client/src/content`. */
export const POLL_OPTIONS = 12;
/** Longest question of a poll, in bytes of UTF-8. */
export const POLL_QUESTION_BYTES = 1000;
/** Longest answer of a poll, in bytes of UTF-8. */
export const POLL_OPTION_BYTES = 300;
/** Longest topic of a room, in characters. */
export const TOPIC_CHARS = 500;
/** Longest first words to somebody whom one does not know yet, in characters. */
export const REQUEST_CHARS = 1000;
/** Longest title of a link, in bytes of UTF-8. */
export const PREVIEW_TITLE_BYTES = 300;
/** Longest description of a link, in bytes of UTF-8. */
export const PREVIEW_DESCRIPTION_BYTES = 1000;
/** Longest link that can have a preview, in bytes of UTF-8. */
export const PREVIEW_URL_BYTES = 2048;
