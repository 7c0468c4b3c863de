import { describe, expect, it } from 'vitest';
import { matchesFilter } from '../../src/web/picker/filter.ts';

describe('the filter of a list', () => {
  it.each([
    ['', true],
    ['web', true],
    ['WEB run', true],
    ['ing web', true],
    ['web stopped', false],
    ['bRunn', false],
  ])('"%s" finds a running web pod: %s', (filter, found) => {
    expect(matchesFilter(filter, 'web', 'Running')).toBe(found);
  });
});
