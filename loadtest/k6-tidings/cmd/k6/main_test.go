package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.k6.io/k6/cmd"
)

// The test's own binary is k6 when it is told so: what is tested is what users run.
const asK6 = "TIDINGS_TEST_IS_K6"

func TestMain(m *testing.M) {
	if os.Getenv(asK6) != "" {
		cmd.Execute()
		return
	}
	os.Exit(m.Run())
}

// ran is how a run of k6 went.
type ran struct {
	exitCode int
	// All that it wrote.
	log string
	// Of each metric, its values as in handleSummary.
	metrics map[string]map[string]float64
	lines   []line
}

type line struct {
	Time     float64
	Counters map[string]float64
	Gauges   map[string]float64
	Trends   map[string]map[string]float64
	Rates    map[string]map[string]float64
}

const summary = `
export function handleSummary(data) {
  const metrics = {};
  for (const [name, metric] of Object.entries(data.metrics)) metrics[name] = metric.values;
  return { [__ENV.SUMMARY]: JSON.stringify(metrics) };
}`

// run runs a script, which knows the hub by its URL.
func run(t *testing.T, hub *hub, script string, args ...string) ran {
	t.Helper()
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	head := "import { Streams, Events } from 'k6/x/tidings';\nimport http from 'k6/http';\nimport { sleep } from 'k6';\n" +
		"const hub = __ENV.HUB;\nconst check = (holds, what) => { if (!holds) throw new Error(what); };\n"
	if err := os.WriteFile(at("script.js"), []byte(head+script+summary), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"run", "--quiet", "--address", "", "--out", "tidings=" + at("lines.ndjson")}, args...)
	command := exec.Command(os.Args[0], append(args, at("script.js"))...)
	command.Env = append(os.Environ(), asK6+"=1", "K6_NO_USAGE_REPORT=true", "K6_AUTO_EXTENSION_RESOLUTION=false",
		"HUB="+hub.server.URL, "SUMMARY="+at("summary.json"))
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	result := ran{exitCode: command.ProcessState.ExitCode(), log: log.String()}
	readJSON(t, at("summary.json"), &result.metrics)
	written, err := os.ReadFile(at("lines.ndjson"))
	if err != nil {
		t.Fatalf("%v: %s", err, result.log)
	}
	for _, text := range strings.Split(strings.TrimSpace(string(written)), "\n") {
		var read line
		if err := json.Unmarshal([]byte(text), &read); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		result.lines = append(result.lines, read)
	}
	return result
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// passed fails the test where the script did.
func (r ran) passed(t *testing.T) ran {
	t.Helper()
	if r.exitCode != 0 || strings.Contains(r.log, "level=error") || strings.Contains(r.log, "level=warning") {
		t.Fatalf("k6 ended with %d:\n%s", r.exitCode, r.log)
	}
	return r
}
