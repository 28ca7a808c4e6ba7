declare module 'virtual:emoji/en' {
  const rows: readonly import('./emoji').EmojiRow[];
  export default rows;
}

declare module 'virtual:emoji/de' {
  const rows: readonly import('./emoji').EmojiRow[];
  export default rows;
}
