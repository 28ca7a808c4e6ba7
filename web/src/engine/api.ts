/**
 * What the page says to the client and hears from it: the same types as `client/src/api/`, as they cross into
 * JavaScript. Ids are base64url strings, times are milliseconds since 1970. An absent value may arrive as `null` or
 * as `undefined`, so compare with `== null`.
 */
export type * from './api/intent';
export type * from './api/message';
export type * from './api/notice';
export type * from './api/reply';
export type * from './api/view';
