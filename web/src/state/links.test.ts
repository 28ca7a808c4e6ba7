import { describe, expect, it } from 'vitest';
import { linkify, safeAddress } from './links';

const links = (text: string) =>
  linkify(text)
    .filter((piece) => piece.type === 'link')
    .map((piece) => piece.text);

describe('links', () => {
  it('finds web addresses and leaves the rest as it is', () => {
    const text = 'See https://a.example/b?c=d#e, or http://x.example. Bye';
    expect(links(text)).toEqual(['https://a.example/b?c=d#e', 'http://x.example']);
    expect(
      linkify(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  });

  it('keeps brackets that belong to the address', () => {
    expect(links('(https://a.example/w_(x))')).toEqual(['https://a.example/w_(x)']);
    expect(links('(see https://a.example/w)')).toEqual(['https://a.example/w']);
  });

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'https://',
    'ftp://a.example',
    // The part before the @ would pass for the host.
    'https://bank.example@evil.example/',
    'www.a.example',
  ])('makes no link of %s', (text) => {
    expect(links(text)).toEqual([]);
  });

  it('takes a moment for the worst', () => {
    const started = performance.now();
    for (const worst of ['https://a.example/' + ')'.repeat(60_000), 'https://:'.repeat(8_000)])
      linkify(worst);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('stops at direction controls', () => {
    expect(links('https://a.example/\u202Egpj.exe')).toEqual(['https://a.example/']);
  });
});

it('leads to somebody’s mail, and brings nothing else along', () => {
  expect(safeAddress('mailto:mira@harbour.example')?.href).toBe('mailto:mira@harbour.example');
  expect(safeAddress('mailto:mira@harbour.example?bcc=eve@evil.example&body=x')?.href).toBe(
    'mailto:mira@harbour.example',
  );
  for (const bad of [
    'mailto:',
    'mailto:x',
    'mailto:a@b.example,c@d.example',
    'mailto:%3Cscript%3E@x.example',
  ]) {
    expect(safeAddress(bad), bad).toBeNull();
  }
});
