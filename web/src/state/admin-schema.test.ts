import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
// @ts-expect-error a script that Node runs, too
import { typesOf } from '../../tools/schema.mjs';
import type { AuditKind } from './admin-types';
import { AUDIT_KINDS } from './admin-types';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

// Every kind has its place in the menu.
const missing: Exclude<AuditKind, (typeof AUDIT_KINDS)[number]>[] = [];

describe('types of the administration', () => {
  it('are those of the document: otherwise run `npm run schema`', () => {
    const document: unknown = JSON.parse(read('../../../docs/openapi.json'));
    expect((typesOf as (document: unknown) => string)(document)).toBe(read('./admin-schema.ts'));
    expect(missing).toEqual([]);
  });

  it('cannot be made of a document with holes', () => {
    const paths = { '/api/v1/admin/x': { get: { $ref: '#/components/schemas/Gone' } } };
    expect(() => (typesOf as (document: unknown) => string)({ paths, components: { schemas: {} } })).toThrow(
      'Gone',
    );
  });
});
