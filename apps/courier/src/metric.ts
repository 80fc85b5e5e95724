/** The courier's metrics; docs/reference/metrics.md lists them, and a test compares the two. */
import { LATENCY_BUCKETS_S, type Metrics, type MetricTable } from "@doorstep/runtime";

export const METRICS = {
  parcelsStored: { name: "doorstep_parcels_stored_total", type: "counter", help: "Parcels taken into custody." },
  eventsHeld: { name: "doorstep_events_held_total", type: "counter", help: "Events taken into custody." },
  sweptUsers: {
    name: "doorstep_swept_users_total",
    type: "counter",
    help: "Due users that a sweep came to, by what became of them.",
    labels: ["outcome"],
  },
  sweeps: { name: "doorstep_sweeps_total", type: "counter", help: "Sweeps of a slice, by result.", labels: ["result"] },
  sweepDuration: {
    name: "doorstep_sweep_duration_seconds",
    type: "histogram",
    help: "How long the sweep of a slice took.",
    buckets: LATENCY_BUCKETS_S,
  },
  deadLettered: {
    name: "doorstep_dead_lettered_total",
    type: "counter",
    help: "Parcels that ended as dead letters, by reason.",
    labels: ["reason"],
  },
  eventsDeadLettered: {
    name: "doorstep_events_dead_lettered_total",
    type: "counter",
    help: "Events that ended in dead letters, by reason.",
    labels: ["reason"],
  },
  errors: {
    name: "doorstep_courier_errors_total",
    type: "counter",
    help: "What went wrong and is tried again, by what was being done.",
    labels: ["during"],
  },
  dueUsers: {
    name: "doorstep_due_users",
    type: "gauge",
    help: "Users of the whole hub whose events wait outside parcels; every courier tells the same.",
  },
  parcels: {
    name: "doorstep_parcels",
    type: "gauge",
    help: "Parcels in custody of the whole hub; every courier tells the same.",
  },
  deadLetters: {
    name: "doorstep_dead_letters",
    type: "gauge",
    help: "Dead letters of the whole hub; every courier tells the same.",
  },
} as const satisfies MetricTable;

export type CourierMetrics = Metrics<typeof METRICS>;
