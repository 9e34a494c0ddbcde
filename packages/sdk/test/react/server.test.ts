import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { TidingsProvider, useConnectionState, useTidings } from '../../src/react/client.ts';
import { useTopic } from '../../src/react/use-topic.ts';
import { createTidings } from '../../src/subscriber/create-tidings.ts';

function Page(): string {
  const { status, events, latest } = useTopic('a', { replay: 'all', limit: 5 });
  const none = useTopic(undefined);
  const handled = useTopic('b', () => {});
  return [status, events.length, latest, none.status, handled.status, useConnectionState(), useTidings().state].join();
}

function Outside({ use }: { use: () => unknown }): string {
  return `${use()}`;
}

describe('on a server', () => {
  test('hooks render what they begin with, and nothing is connected to', async () => {
    const send = vi.spyOn(globalThis, 'fetch');
    onTestFinished(() => send.mockRestore());
    const tidings = createTidings({ url: 'http://nowhere.invalid' });
    const html = renderToString(createElement(TidingsProvider, { value: tidings }, createElement(Page)));
    expect(html).toBe('pending,0,,idle,pending,idle,idle');
    await new Promise((resolve) => setImmediate(resolve));
    expect(send).not.toHaveBeenCalled();
  });

  test.each([
    ['useTidings', useTidings],
    ['useConnectionState', useConnectionState],
    ['useTopic', () => useTopic('a')],
  ])('%s outside of a provider says so', (_name, use) => {
    expect(() => renderToString(createElement(Outside, { use }))).toThrow('No <TidingsProvider> above');
  });
});
