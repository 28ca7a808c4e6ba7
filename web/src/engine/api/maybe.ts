/** An absent value arrives as `null` or as `undefined`, so compare with `== null`. */
export type Maybe<T> = T | null | undefined;
