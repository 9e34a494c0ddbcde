package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tidings/tidings/loadtest/k6-tidings/fleet"
)

func TestWaitsEndWhenTheirTimeIsOverOrTheFleetIsClosed(t *testing.T) {
	h := startHub(t, "h1")
	f := begin(t, h.options("h1", 2))
	awaitLive(t, f)
	outcomes := make(chan fleet.Outcome, 1)
	settle := func(o fleet.Outcome) { outcomes <- o }
	f.AwaitEvents(1, time.Millisecond, settle)
	if got := <-outcomes; got != fleet.TimedOut {
		t.Error(got)
	}
	f.AwaitEvents(1, patience, settle)
	f.Close()
	if got := <-outcomes; got != fleet.Closed {
		t.Error(got)
	}
	f.Await(func(fleet.Counts) bool { return true }, patience, settle)
	if got := <-outcomes; got != fleet.Closed {
		t.Error(got)
	}
}

func TestEachWaitIsSettledOnceAtItsOwnNumber(t *testing.T) {
	h := startHub(t, "h1")
	f := begin(t, h.options("h1", 1))
	awaitLive(t, f)
	reached := make(chan int64, 10)
	for _, events := range []int64{3, 1, 2} {
		f.AwaitEvents(events, patience, func(fleet.Outcome) { reached <- events })
	}
	for number := range int64(3) {
		h.say(event("x", uint32(number)))
		if got := <-reached; got != number+1 {
			t.Errorf("%d was reached with %d events", got, number+1)
		}
	}
	if f.AwaitEvents(3, patience, func(fleet.Outcome) { reached <- 3 }); <-reached != 3 {
		t.Error("what was reached before is not told")
	}
	if len(reached) != 0 {
		t.Error("one was settled twice")
	}
}

func TestOptionsThatMakeNoSenseAreSaidSo(t *testing.T) {
	for why, options := range map[string]fleet.Options{
		"a url":            {Streams: 1},
		"neither http":     {Streams: 1, URLs: []string{"ws://localhost/"}},
		"at least one":     {URLs: []string{"http://localhost/"}},
		"can not be below": {Streams: 1, URLs: []string{"http://localhost/"}, UnderWay: -1},
	} {
		if _, err := fleet.New(options); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", why, err)
		}
	}
}
