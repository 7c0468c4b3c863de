import { describe, expect, it } from 'vitest';
import { mergedMap } from '../../../src/broker/redis/cluster-map.ts';

const asked = { host: 'asked', port: 1 };

describe('the map of a Cluster', () => {
  it('[LG5] gives a slot that two claim to the newer configuration', () => {
    const cut = ['a 10.0.0.1:1@11 myself,master - 0 0 1 connected 0-10', 'b 10.0.0.2:2@12 slave a 0 0 1 connected'].join('\n');
    const rest = ['a 10.0.0.1:1@11 master,fail - 0 0 1 disconnected', 'b 10.0.0.2:2@12 myself,master - 0 0 7 connected 0-9 10'].join('\n');
    for (const texts of [
      [cut, rest],
      [rest, cut],
    ]) {
      const { primaries, nodes } = mergedMap(
        texts.map((text) => ({ text, asked })),
        false,
      );
      expect(primaries.slice(0, 12).map((node) => node?.port)).toEqual([...Array(11).fill(2), undefined]);
      expect(nodes).toHaveLength(2);
    }
  });

  it('leaves a slot that is being moved with its old node, and knows a node without address by who was asked', () => {
    const { primaries } = mergedMap([{ text: 'a :7@17 myself,master - 0 0 1 connected 5 [6->-b] [7-<-b]', asked }], false);
    expect(primaries[5]).toEqual({ host: 'asked', port: 7 });
    expect(primaries[6]).toBeUndefined();
  });

  it('goes by the announced names where certificates are compared with them', () => {
    const text = 'a 10.0.0.1:1@11,redis-1.example.org myself,master - 0 0 1 connected 0\nb 10.0.0.2:2@12,? master - 0 0 1 connected 1';
    expect(mergedMap([{ text, asked }], true).primaries.slice(0, 2)).toEqual([
      { host: 'redis-1.example.org', port: 1 },
      { host: '10.0.0.2', port: 2 },
    ]);
    expect(mergedMap([{ text, asked }], false).primaries[0]?.host).toBe('10.0.0.1');
  });
});
