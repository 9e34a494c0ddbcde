package main

import (
	"strings"
	"testing"
)

func TestAScriptHoldsStreamsPublishesAndIsToldWhatCame(t *testing.T) {
	hub := startHub(t)
	result := run(t, hub, `
export const options = { thresholds: { sse_gaps: ['count==0'], 'sse_events{fleet:news}': ['count==320'] } };
export default async function () {
  const streams = new Streams({ url: [hub + '/v1/stream?topic=news.{n}'], streams: 40, topics: 4, tags: { fleet: 'news' } });
  await streams.open();
  const events = new Events({ topic: 'news.{n}', topics: 4, payloadBytes: 100 });
  for (let round = 1; round <= 4; round += 1) {
    check(http.post(hub + '/v1/events', events.take(4)).status === 202, 'not accepted');
    check(await streams.received(round * 40, 5000), 'not received');
  }
  check(events.made === 16, 'made ' + events.made);
  check(JSON.parse(events.take(1)).data.length === 100, 'a payload of another size');
  check(streams.pause(0.5) === 20, 'not half');
  streams.resume();
  check(streams.cut(0.25) === 10, 'not a quarter');
  check(await streams.returned(10), 'not back');
  check(await streams.settled(), 'not all live');
  check(http.post(hub + '/v1/events', new Events({ topic: 'news.{n}', topics: 4, channel: 1 }).take(16)).status === 202, 'not accepted');
  check(await streams.received(320), 'not all received');
  check((await streams.received(321, 300)) === false, 'too many');
  const { live, opened, events: came, lost, repeated, reconnects, returned, byes } = streams.counts();
  check(JSON.stringify([live, opened, came, lost, repeated, reconnects, returned, byes]) === '[40,40,320,0,0,10,10,{}]', JSON.stringify(streams.counts()));
  streams.close();
}`).passed(t)
	for name, want := range map[string]float64{
		"sse_events": 320, "sse_gaps": 0, "sse_duplicates": 0, "sse_reconnects": 10, "sse_refused": 0,
	} {
		if got, isThere := result.metrics[name]["count"]; !isThere || got != want {
			t.Errorf("%s is %v", name, result.metrics[name])
		}
	}
	if live := result.metrics["sse_live"]; live["value"] != 0 || live["max"] != 40 {
		t.Errorf("sse_live is %v", live)
	}
	if latency := result.metrics["sse_event_latency"]; latency["max"] <= 0 || latency["max"] > 5000 {
		t.Errorf("sse_event_latency is %v", latency)
	}
	if bytes := result.metrics["sse_bytes"]["count"]; bytes < 160*100 || result.metrics["data_received"]["count"] < bytes {
		t.Errorf("sse_bytes is %v, data_received %v", bytes, result.metrics["data_received"])
	}
	if len(hub.behind) == 0 {
		t.Error("nobody came back behind an event")
	}
	checkLines(t, result)
}

// checkLines compares what the output wrote with what k6 says in the end.
func checkLines(t *testing.T, result ran) {
	t.Helper()
	sums, counts := map[string]float64{}, map[string]float64{}
	most := map[string]float64{}
	for _, line := range result.lines {
		for name, value := range line.Counters {
			sums[name] += value
		}
		for name, trend := range line.Trends {
			counts[name] += trend["count"]
			most[name] = max(most[name], trend["max"])
			if trend["p50"] > trend["p95"] || trend["p95"] > trend["p99"] || trend["p99"] > trend["max"] {
				t.Errorf("%s is %v", name, trend)
			}
		}
	}
	for name, sum := range sums {
		if want := result.metrics[name]["count"]; sum != want {
			t.Errorf("the lines have %v of %s, k6 has %v", sum, name, want)
		}
	}
	if counts["sse_event_latency"] != 320 || counts["sse_connecting"] != 40 || counts["sse_returning"] != 10 {
		t.Errorf("times: %v", counts)
	}
	if want := result.metrics["sse_event_latency"]["max"]; most["sse_event_latency"] != want {
		t.Errorf("the largest latency is %v, not %v", most["sse_event_latency"], want)
	}
	last := result.lines[len(result.lines)-1]
	if live, isThere := last.Gauges["sse_live"]; !isThere || live != 0 {
		t.Errorf("the last line has %v", last.Gauges)
	}
}

func TestWhatIsLeftIsToldWhenAnIterationEndsWithoutAClose(t *testing.T) {
	hub := startHub(t)
	result := run(t, hub, `
export const options = { vus: 3, iterations: 6 };
export default async function () {
  const streams = new Streams({ url: hub + '/v1/stream?topic=own.' + __VU + '.' + __ITER, streams: 5 });
  await streams.open();
  http.post(hub + '/v1/events', new Events({ topic: 'own.' + __VU + '.' + __ITER }).take(7));
  check(await streams.received(35), 'not received');
}`).passed(t)
	if got := result.metrics["sse_events"]["count"]; got != 6*35 {
		t.Errorf("%v events", got)
	}
	if got := result.metrics["sse_live"]["value"]; got != 0 {
		t.Errorf("%v are live", got)
	}
}

func TestAnIterationThatIsStoppedEndsItsStreamsAndTellsWhatTheySaw(t *testing.T) {
	hub := startHub(t)
	result := run(t, hub, `
export const options = { scenarios: { all: { executor: 'constant-vus', vus: 2, duration: '2s', gracefulStop: '0s' } } };
export default async function () {
  const streams = new Streams({ url: hub + '/v1/stream?topic=own.' + __VU, streams: 5 });
  await streams.open();
  http.post(hub + '/v1/events', new Events({ topic: 'own.' + __VU }).take(7));
  await streams.received(36);
}`)
	if strings.Contains(result.log, "level=error") || strings.Contains(result.log, "IterEnd") {
		t.Error(result.log)
	}
	if got := result.metrics["sse_events"]["count"]; got != 2*35 {
		t.Errorf("%v events", got)
	}
}

func TestAnOpeningThatFailsSaysWhy(t *testing.T) {
	hub := startHub(t)
	run(t, hub, `
const failure = async (options, timeout) => {
  const streams = new Streams(options);
  try {
    await streams.open(timeout);
  } catch (error) {
    streams.close();
    return String(error);
  }
  return 'none';
};
export default async function () {
  const refused = await failure({ url: hub + '/v1/stream?topic=secret', streams: 3 });
  check(/0 of 3 streams are live: stream \d was answered with 403: the token does not allow secret/.test(refused), refused);
  const away = await failure({ url: 'http://127.0.0.1:1/', streams: 1, reconnectDelayMs: 0 }, 100);
  check(/0 of 1 streams are live: time is over; .*127.0.0.1:1.*refused/.test(away), away);
  for (const [options, why] of [[undefined, 'options are missing'], [{ url: hub, streams: 0 }, 'at least one'], [{ url: hub, streams: 1, http: 'h3' }, 'h1 or h2'], [{ streams: 1 }, 'url']]) {
    let said = '';
    try { new Streams(options); } catch (error) { said = String(error); }
    check(said.includes(why), said);
  }
}`).passed(t)
}

func TestEventsAreHandedToAScriptThatListens(t *testing.T) {
	hub := startHub(t)
	run(t, hub, `
export default async function () {
  const streams = new Streams({ url: hub + '/v1/stream?topic=news', streams: 3 });
  const got = [];
  const seen = new Promise((resolve) => streams.on('event', (event) => { if (got.push(event) === 60) resolve(); }));
  await streams.open();
  const events = new Events({ topic: 'news', payloadBytes: 30 });
  for (let request = 0; request < 20; request += 1) http.post(hub + '/v1/events', events.take(1));
  await seen;
  const own = got.filter((event) => event.stream === 1);
  check(own.length === 20, 'of one stream: ' + own.length);
  check(own.every(({ type, id, data }, at) => type === 'status' && id === 'e' + (at + 1) && data.length === 30), JSON.stringify(own));
  streams.close();
}`).passed(t)
}

func TestStreamsGoThroughTheNetworkThatK6WasTold(t *testing.T) {
	hub := newHub()
	hub.server.EnableHTTP2 = true
	hub.server.StartTLS()
	t.Cleanup(func() { hub.server.CloseClientConnections(); hub.server.Close() })
	address := strings.TrimPrefix(hub.server.URL, "https://")
	for _, protocol := range []string{"h1", "h2"} {
		result := run(t, hub, `
export const options = { insecureSkipTLSVerify: true, userAgent: 'a load test', hosts: { 'hub.example:443': '`+address+`' } };
export default async function () {
  const streams = new Streams({ url: 'https://hub.example/v1/stream?topic=news', streams: 4, http: '`+protocol+`' });
  await streams.open();
  check(http.post(hub + '/v1/events', new Events({ topic: 'news' }).take(3)).status === 202, 'not accepted');
  check(await streams.received(12), 'not received');
  streams.close();
}`).passed(t)
		if got := result.metrics["data_received"]["count"]; got < 12*25 {
			t.Errorf("%v bytes", got)
		}
	}
	if !hub.agents["a load test"] {
		t.Errorf("%v", hub.agents)
	}
	blocked := run(t, hub, `
export const options = { blockHostnames: ['hub.example'] };
export default async function () {
  const streams = new Streams({ url: 'http://hub.example/v1/stream?topic=news', streams: 1 });
  await streams.open(200);
}`)
	if !strings.Contains(blocked.log, "hostname (hub.example) is in a blocked pattern") {
		t.Error(blocked.log)
	}
}
