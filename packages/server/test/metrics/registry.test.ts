import { expect, it } from "vitest";
import { labels, MetricsRegistry } from "../../src/metrics/index.ts";

it("renders counters, gauges and histograms as the text format has them", () => {
  const registry = new MetricsRegistry();
  const calls = registry.counters("calls_total", "Calls.", [
    labels({ code: "OK" }),
    labels({ code: "Unknown" }),
  ]);
  registry.gauge("members", "Members.", () => 3);
  registry.gauge("absent", "Nothing to tell.", () => null);
  const seconds = registry.histogram("sync_seconds", "Syncs.", [0.1, 1]);
  calls.add(0, 2);
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(value);
  expect(registry.render()).toBe(`# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{code="OK"} 2
# HELP members Members.
# TYPE members gauge
members 3
# HELP sync_seconds Syncs.
# TYPE sync_seconds histogram
sync_seconds_bucket{le="0.1"} 2
sync_seconds_bucket{le="1"} 3
sync_seconds_bucket{le="+Inf"} 4
sync_seconds_sum 7.65
sync_seconds_count 4
`);
});

it("shows of a histogram with several series those that saw something, each with its labels", () => {
  const registry = new MetricsRegistry();
  const seconds = registry.histogram("s", "S.", [1], [labels({ m: "a" }), labels({ m: "b" })]);
  seconds.observe(3, 1);
  expect(registry.render()).toBe(`# HELP s S.
# TYPE s histogram
s_bucket{m="b",le="1"} 0
s_bucket{m="b",le="+Inf"} 1
s_sum{m="b"} 3
s_count{m="b"} 1
`);
});

it("escapes what would break a label", () => {
  expect(labels({ a: 'x"y\\z\n' })).toBe('a="x\\"y\\\\z\\n"');
});
