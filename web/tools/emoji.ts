import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

interface Compact {
  unicode: string;
  label: string;
  tags?: string[];
  group?: number;
  order?: number;
}

/** Skin tones and hair by themselves: nobody chooses those. */
const COMPONENTS = 2;
const NAME = /^virtual:emoji\/(en|de)$/;

/** The form that keyboards write: the data asks for a picture also where that goes without saying. */
function qualified(unicode: string): string {
  return /^\p{RGI_Emoji}$/v.test(unicode) ? unicode : unicode.replaceAll('\uFE0F', '');
}

/** The emoji with their names in one language, as `virtual:emoji/<language>`: only what the picker shows and searches. */
export function emoji(): Plugin {
  const require = createRequire(import.meta.url);
  return {
    name: 'emoji',
    resolveId: (id) => (NAME.test(id) ? `\0${id}` : undefined),
    load(id) {
      const language = id.startsWith('\0') ? NAME.exec(id.slice(1))?.[1] : undefined;
      if (language === undefined) return undefined;
      const file = require.resolve(`emojibase-data/${language}/compact.json`);
      const all = JSON.parse(readFileSync(file, 'utf8')) as Compact[];
      const shown = all
        .filter(({ group }) => group !== undefined && group !== COMPONENTS)
        .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
        .map(({ unicode, label, tags = [], group }) => [qualified(unicode), label, tags.join(' '), group]);
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(shown))});`;
    },
  };
}
