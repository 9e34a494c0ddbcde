import type { Percentiles } from '../generator/latency.ts';
import { toMarkdown } from '../report/markdown.ts';
import type { Attached } from './attach.ts';
import type { BusyPoint } from './busy.ts';
import type { EdgesPoint } from './edges.ts';
import { edgeCpuUs, eventsOf, worstDeviation } from './judge.ts';
import type { Outage } from './outage.ts';
import type { SubscriptionsCost } from './subscriptions-cost.ts';

const count = (value: number): string => Math.round(value).toLocaleString('en');
const mb = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const ms = (times: Percentiles | undefined): string =>
  times === undefined ? '' : [times.p50Ms, times.p99Ms].map((each) => each.toFixed(each < 10 ? 1 : 0)).join(' / ');

/** What each edge was sent, and what it used. */
export function toEdgesTable(points: readonly EdgesPoint[]): string {
  const head = [
    'edges',
    'of the topics',
    'feed',
    'events to each',
    'of its part',
    'notices',
    'messages to each',
    'MB to each',
    'MB of notices',
    'CPU each',
    'at rest',
    'µs an event',
    'ingest',
    'servers',
  ];
  const rows = points.map((point) => {
    const { layout, feed, sent, index, seconds } = point;
    const share = (cpuSec: number): string => `${((cpuSec / seconds) * 100).toFixed(1)}%`;
    const listens = feed === 'interest';
    return [
      `${layout.edges}`,
      `${layout.share * 100}%`,
      feed,
      count(mean(eventsOf(point))),
      listens ? `${worstDeviation(point) >= 0 ? '+' : ''}${(worstDeviation(point) * 100).toFixed(1)}%` : '',
      listens ? count(index.messages) : '',
      count(mean(sent.map(({ messages }) => messages))),
      mb(mean(sent.map(({ bytes }) => bytes))),
      listens ? mb(index.bytes) : '',
      share(Math.max(...point.edgesCpuSec)),
      share(point.restCpuSec * seconds),
      edgeCpuUs(point).toFixed(1),
      share(point.ingestCpuSec),
      share(point.serversCpuSec),
    ];
  });
  return toMarkdown([head, ...rows]);
}

/** How late events were, in milliseconds. */
export function toLatenessTable(points: readonly EdgesPoint[]): string {
  const head = [
    'edges',
    'of the topics',
    'feed',
    'calm, since sent',
    'since accepted',
    'busy, since sent',
    'since accepted',
    'read from the log',
  ];
  const rows = points.map(({ layout, feed, calm, busy, repaired }) => [
    `${layout.edges}`,
    `${layout.share * 100}%`,
    feed,
    ms(calm.sinceSent),
    ms(calm.sinceAccepted),
    ms(busy.sinceSent),
    ms(busy.sinceAccepted),
    `${repaired}`,
  ]);
  return toMarkdown([head, ...rows]);
}

export function toBusyTable(points: readonly BusyPoint[]): string {
  const head = ['of the topics', 'feed', 'events/s', 'CPU of the edge', 'µs for each event of the log'];
  const rows = points.map(({ feed, share, events, seconds, edgeCpuSec }) => [
    `${share * 100}%`,
    feed,
    count(events / seconds),
    `${((edgeCpuSec / seconds) * 100).toFixed(1)}%`,
    ((edgeCpuSec * 1e6) / events).toFixed(1),
  ]);
  return toMarkdown([head, ...rows]);
}

export function toSubscriptionsTable(costs: readonly SubscriptionsCost[]): string {
  const head = [
    'subscriptions',
    'accounts',
    'connections',
    'answered, s',
    'everywhere, s',
    'memory of each server, MB',
    'B each, all servers',
    'routes, MB',
    'B each on routes',
    'CPU, s',
    'µs each',
    'forgotten, s',
  ];
  const rows = costs.map((cost) => {
    const { subscriptions, rssBytes, rssBeforeBytes, routeBytes, cpuSec } = cost;
    const grown = rssBytes.reduce((sum, now, at) => sum + now - (rssBeforeBytes[at] ?? 0), 0);
    return [
      count(subscriptions),
      cost.guarded ? 'roles.conf' : 'none',
      `${cost.connections}`,
      cost.answeredSec.toFixed(2),
      cost.everywhereSec.toFixed(2),
      rssBytes.map((now, at) => `${mb(rssBeforeBytes[at] ?? 0)} → ${mb(now)}`).join(', '),
      count(grown / subscriptions),
      routeBytes === undefined ? '' : mb(routeBytes),
      routeBytes === undefined ? '' : (routeBytes / subscriptions).toFixed(0),
      cpuSec.toFixed(2),
      ((cpuSec / subscriptions) * 1e6).toFixed(1),
      cost.forgottenSec.toFixed(2),
    ];
  });
  return toMarkdown([head, ...rows]);
}

export function toAttachTable(attached: readonly Attached[]): string {
  const head = [
    'stream',
    'feed',
    'streams',
    'to hub.hello, p50 / p99 ms',
    'to hub.live, p50 / p99 ms',
    'CPU of the edge',
    'of the clients',
  ];
  const rows = attached.map(({ kind, feed, streams, hello, live, edgeCpuSec, clientCpuSec, seconds }) => [
    kind,
    feed,
    count(streams),
    ms(hello),
    ms(live),
    `${((edgeCpuSec / seconds) * 100).toFixed(0)}%`,
    `${((clientCpuSec / seconds) * 100).toFixed(0)}%`,
  ]);
  return toMarkdown([head, ...rows]);
}

export function toOutageTable(outage: Outage): string {
  const { account } = outage;
  return toMarkdown([
    ['what', 'figure'],
    ['streams, each with a topic of its own', count(outage.streams)],
    ['opened within', `${outage.openedSec.toFixed(1)} s`],
    ['subscriptions of the server', count(outage.subscriptions)],
    ['memory of the edge, of the server', `${mb(outage.edgeRssBytes)} MB, ${mb(outage.serverRssBytes)} MB`],
    ['server away, from SIGKILL until it is healthy', `${outage.awaySec.toFixed(2)} s`],
    ['from then until all subscriptions are in force', `${outage.inForceSec.toFixed(2)} s`],
    ['CPU of the edge, from the kill until then', `${outage.edgeCpuSec.toFixed(2)} s`],
    ['events accepted', count(account.accepted)],
    ['missing, repeated, strayed', `${account.missing}, ${account.repeated}, ${account.strayed}`],
    ['requests sent again', count(outage.repeats)],
    ['read from the log', count(outage.repaired)],
    ['latency p50 / p99, the outage included', `${ms(outage.lateness)} ms`],
    ['longest time without any event', `${(outage.longestSilenceMs / 1000).toFixed(2)} s`],
  ]);
}
