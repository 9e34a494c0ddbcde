package main

import "testing"

func TestWhatIsMeasuredCarriesTheTagsOfItsTime(t *testing.T) {
	hub := startHub(t)
	run(t, hub, `
export const options = { thresholds: {
  'sse_events{part:first}': ['count==20'], 'sse_events{part:second}': ['count==30'],
  'sse_event_latency{part:first}': ['max>0'], 'sse_gaps{part:second}': ['count==0'],
} };
export default async function () {
  const streams = new Streams({ url: hub + '/v1/stream?topic=news', streams: 10, topics: 1 });
  await streams.open();
  const events = new Events({ topic: 'news', payloadBytes: 100 });
  const publish = async (count) => {
    http.post(hub + '/v1/events', events.take(count));
    check(await streams.received(events.made * 10), 'not received');
  };
  streams.tag('part', 'first');
  await publish(2);
  const { count, p50, p99, max } = streams.latency();
  check(count === 20 && p50 > 0 && p50 <= p99 && p99 <= max, JSON.stringify(streams.latency()));
  check(streams.latency().count === 0, 'told twice');
  streams.tag('part', 'second');
  await publish(3);
  check(streams.latency().count === 30, 'not of the second part alone');
  streams.close();
}`).passed(t)
}

func TestLiveStreamsOfAllFleetsAreOneNumber(t *testing.T) {
	hub := startHub(t)
	result := run(t, hub, `
export default async function () {
  const both = [3, 4].map((streams) => new Streams({ url: hub + '/v1/stream?topic=news', streams, topics: 1 }));
  await Promise.all(both.map((streams) => streams.open()));
  // Both have reported by then.
  check(await both[0].received(1, 600) === false, 'an event from nowhere');
  for (const streams of both) streams.close();
}`)
	result.passed(t)
	if live := result.metrics["sse_live"]; live["value"] != 0 || live["max"] != 7 {
		t.Errorf("sse_live is %v", live)
	}
}

func TestStreamsCanAllBeginAtOneServer(t *testing.T) {
	first, second := startHub(t), startHub(t)
	run(t, first, `
export default async function () {
  const url = [hub, '`+second.server.URL+`'].map((each) => each + '/v1/stream?topic=news');
  const together = new Streams({ url, streams: 6, topics: 1, spread: false, reconnectDelayMs: 0 });
  await together.open();
  const behind = new Events({ topic: 'news', payloadBytes: 100 });
  http.post('`+second.server.URL+`/v1/events', behind.take(1));
  check(await together.received(1, 300) === false, 'a stream is at the second');
  together.cut(1);
  check(await together.returned(6), 'not back');
  http.post('`+second.server.URL+`/v1/events', behind.take(1));
  check(await together.received(6), 'not all went to the next');
  together.close();
}`).passed(t)
}
