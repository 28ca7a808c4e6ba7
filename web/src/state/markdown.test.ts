import { describe, expect, it } from 'vitest';
import { inline, type Inline } from './inline';
import { parse, plainOf, type Block } from './markdown';

/** The tree of a line in short: `<b>`, `<i>`, `<s>`, `<c>`, and `<a href>`. */
function short(parts: readonly Inline[]): string {
  const name = { strong: 'b', emphasis: 'i', strike: 's' } as const;
  return parts
    .map((part) => {
      if ('children' in part) return `<${name[part.type]}>${short(part.children)}</${name[part.type]}>`;
      if (part.type === 'code') return `<c>${part.text}</c>`;
      if (part.type === 'link') return `<a ${part.href} ${part.host ?? '-'}>${part.text}</a>`;
      return part.type === 'mention' ? `<@${part.account}>` : part.text;
    })
    .join('');
}

const line = (text: string) => short(inline(text));

describe('emphasis', () => {
  it.each([
    ['**bold** and *italic* or _italic_', '<b>bold</b> and <i>italic</i> or <i>italic</i>'],
    ['~~gone~~ ~here~', '<s>gone</s> ~here~'],
    ['***both***', '<b><i>both</i></b>'],
    ['**bold *and italic***', '<b>bold <i>and italic</i></b>'],
    ['*italic **and bold***', '<i>italic <b>and bold</b></i>'],
    ['un**believ**able', 'un<b>believ</b>able'],
    ['**a\nb**', '<b>a\nb</b>'],
  ])('%s', (text, tree) => expect(line(text)).toBe(tree));

  it.each([
    'snake_case_name',
    '2*3*4 = 24',
    'a * b * c',
    '** not bold **',
    '*open',
    '**open *open ~~open',
    '****',
    '*****five*****',
    '_',
    '¯\\(ツ)/¯',
  ])('is not in %s', (text) => expect(line(text)).toBe(text));

  it('crosses nothing and lies in itself nowhere', () => {
    expect(line('**a *b** c*')).toBe('**a <i>b</i>* c*');
    expect(line('~~a *b~~ c*')).toBe('<s>a *b</s> c*');
    expect(line('*a *b* c*')).toBe('*a <i>b</i> c*');
    expect(line('*foo *bar*')).toBe('*foo <i>bar</i>');
  });

  it('is taken back by a backslash, which otherwise means itself', () => {
    expect(line('\\*no\\* C:\\dir\\x')).toBe('*no* C:\\dir\\x');
  });
});

it('letters that run the wrong way are shown the right way, but not in code', () => {
  expect(line('\u202Emoc.knab//:sptth **\u202D b** \u202E`a\u202Eb`')).toBe(
    'moc.knab//:sptth <b> b</b> <c>a\u202Eb</c>',
  );
  // Hebrew in English needs marks and isolates now and then.
  expect(line('a \u2067\u05D0\u2069\u200F b')).toBe('a \u2067\u05D0\u2069\u200F b');
});

describe('code', () => {
  it('holds everything as it is', () => {
    expect(line('`**x** <b> @mira https://a.example`')).toBe('<c>**x** <b> @mira https://a.example</c>');
    expect(line('`` a`b `` and `` ` ``')).toBe('<c>a`b</c> and <c>`</c>');
    expect(line('one ` only, two `` of them')).toBe('one ` only, two `` of them');
  });

  it('stands between fences', () => {
    expect(parse('see\n```rust\nfn *x*() {}\n\n> y\n```\nend')).toEqual([
      { type: 'text', children: [{ type: 'text', text: 'see' }] },
      { type: 'code', text: 'fn *x*() {}\n\n> y', language: 'rust' },
      { type: 'text', children: [{ type: 'text', text: 'end' }] },
    ]);
    expect(parse('```\nopen')[0]?.type).toBe('text');
  });
});

describe('links', () => {
  it.each([
    ['see https://a.example/x_y_z.', 'see <a https://a.example/x_y_z ->https://a.example/x_y_z</a>.'],
    ['**https://a.example**', '<b><a https://a.example/ ->https://a.example</a></b>'],
    ['[here](https://a.example/x)', '<a https://a.example/x a.example>here</a>'],
    [
      '[https://bank.example](https://a.example/)',
      '<a https://a.example/ a.example>https://bank.example</a>',
    ],
    ['mailto:mira@a.example', '<a mailto:mira@a.example ->mailto:mira@a.example</a>'],
    ['[mail](mailto:mira@a.example)', '<a mailto:mira@a.example mira@a.example>mail</a>'],
  ])('%s', (text, tree) => expect(line(text)).toBe(tree));

  it.each([
    '[click](javascript:alert(1))',
    '[click](data:text/html,x)',
    '[click](//evil.example)',
    '[click](https://user:word@evil.example)',
    '[a](ftp://a.example)',
    '![x](x)',
    'xhttps://a.example',
  ])('are not in %s', (text) => expect(line(text)).not.toContain('<a '));

  it('have no direction controls in their text', () => {
    expect(line('[\u202Eknab](https://a.example)')).toBe('<a https://a.example/ a.example>knab</a>');
  });
});

it('finds whoever is mentioned, longest name first', () => {
  const people = [
    { account: '1', name: 'Mira' },
    { account: '2', name: 'Mira Stone' },
    { account: '3', name: '' },
  ];
  const found = (text: string) => short(inline(text, people));
  expect(found('@Mira, ask @Mira Stone.')).toBe('<@1>, ask <@2>.');
  expect(found('**@Mira**')).toBe('<b><@1></b>');
  expect(found('@Miranda a@Mira @ @Jonas')).toBe('@Miranda a@Mira @ @Jonas');
});

describe('blocks', () => {
  const shape = (all: readonly Block[]): string =>
    all
      .map((block) => {
        if (block.type === 'text') return short(block.children);
        if (block.type === 'quote') return `[> ${shape(block.children)}]`;
        if (block.type === 'code') return `[c ${block.text}]`;
        const { start, entries } = block;
        const inner = entries.map(({ children, lists }) => short(children) + shape(lists)).join(',');
        return `[${start ?? '-'} ${inner}]`;
      })
      .join('|');

  it.each([
    ['a\n\nb\n', 'a\n\nb'],
    ['> quoted\n> *more*\nsaid', '[> quoted\n<i>more</i>]|said'],
    ['>:( and >_<', '>:( and >_<'],
    ['> > > > deep', '[> [> [> > deep]]]'],
    ['- a\n- b\n  - c\n    1. d\n- e', '[- a,b[- c[1 d]],e]'],
    ['3. a\n4. b\n- c', '[3 a,b]|[- c]'],
    ['- a\n      - b\n   - c', '[- a[- b,c]]'],
    ['-a\n-\n1.a\n2026. ', '-a\n-\n1.a\n2026.'],
  ])('%j', (text, expected) => expect(shape(parse(text))).toBe(expected));

  it('say the words on one line', () => {
    expect(plainOf('**a**\n> b\n- c\n  - `d`\n```\ne\n```')).toBe('a b c d e');
  });
});

it('takes a moment for the worst that fits into a message', () => {
  const full = (part: string) => part.repeat(Math.ceil(65_536 / part.length));
  const worst = [
    '*a ',
    '**',
    '*a**b',
    '_~~*',
    '`a``b',
    '[',
    '[a](',
    '[a](http://',
    '[a](http://((',
    'http://',
    'http://:',
    'https://a.example/)',
    '@',
    '@Mira ',
    '> ',
    '>',
    '- a\n',
    '  - a\n',
    '```\n',
    '```\n```\n',
    '```a\n',
    '\\*',
    '\n',
  ];
  for (const part of worst) {
    const started = performance.now();
    parse(full(part), [{ account: '1', name: 'Mira' }]);
    expect(performance.now() - started, part).toBeLessThan(1_500);
  }
});
