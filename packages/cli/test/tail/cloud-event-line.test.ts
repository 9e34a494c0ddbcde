import { CloudEvent } from 'cloudevents';
import { describe, expect, test } from 'vitest';
import { tenantOf, toCloudEventLine } from '../../src/tail/cloud-event-line.ts';
import { runHere } from '../command-run.ts';

const time = '2026-11-21T08:00:00.123Z';

describe('an event as a CloudEvent on a line', () => {
  test('is what the hub gives with format=cloudevents', () => {
    const event = { id: '3f.1.x7a1', topic: 'orders.42', event: 'status', time, data: { state: 'shipped' } };
    expect(new CloudEvent(JSON.parse(toCloudEventLine(event, 'acme')), true)).toMatchObject({
      ...{ id: '3f.1.x7a1', tidingscursor: '3f.1.x7a1', source: 'urn:tidings:tenant:acme', type: 'status', time },
      ...{ subject: 'orders.42', datacontenttype: 'application/json', data: { state: 'shipped' } },
    });
    const live = JSON.parse(toCloudEventLine({ ...event, id: undefined, event: undefined, data: 'x' }, 'acme'));
    expect(live).toMatchObject({ id: expect.any(String), type: 'message', datacontenttype: 'text/plain', data: 'x' });
    expect(live).not.toHaveProperty('tidingscursor');
  });

  test.each([
    [{ tenant: 'acme' }, 'acme'],
    [{}, 'default'],
    [{ tenant: 7 }, 'default'],
    [null, 'default'],
  ])('is of the tenant in the token: of %j it is %s', (claims, tenant) => {
    expect(tenantOf(`e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`)).toBe(tenant);
    expect([tenantOf(undefined), tenantOf('tdt_ticket')]).toEqual(['default', 'default']);
  });

  test('any other format is refused before anything is asked', async () => {
    const { code, err } = await runHere(['tail', 'a', '--format', 'xml'], { env: {} });
    expect([code, err]).toEqual([64, expect.stringContaining('--format is envelope or cloudevents.')]);
  });
});
