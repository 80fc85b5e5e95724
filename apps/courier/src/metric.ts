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
  sweeps: {
    name: "doorstep_sweeps_total",
    type: "counter",
    help: "Rounds and slices swept, by result: done, cut, shared, failed.",
    labels: ["result"],
  },
  sweepDuration: {
    name: "doorstep_sweep_duration_seconds",
    type: "histogram",
    help: "How long the sweep of a round or a slice took.",
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
  deadLettersForgotten: {
    name: "doorstep_dead_letters_forgotten_total",
    type: "counter",
    help: "Dead letters that retention removed, by the bound: age or count.",
    labels: ["bound"],
  },
  escalations: {
    name: "doorstep_escalations_total",
    type: "counter",
    help: "Attempts to tell events elsewhere, by outcome, and escalations that an acknowledgement cancelled.",
    labels: ["sink", "outcome"],
  },
  lateAcks: {
    name: "doorstep_escalation_late_acks_total",
    type: "counter",
    help: "Events told elsewhere although they were acknowledged while the request was under way.",
    labels: ["sink"],
  },
  circuitsOpened: {
    name: "doorstep_escalation_circuits_opened_total",
    type: "counter",
    help: "Times that requests to an origin were paused because they kept failing.",
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
  sweepLag: {
    name: "doorstep_sweep_lag_seconds",
    type: "gauge",
    help: "How late the sweep of the user is who is due longest, in the whole hub; 0 where none is late.",
  },
  parcels: {
    name: "doorstep_parcels",
    type: "gauge",
    help: "Parcels in custody of the whole hub, by mailbox queue; every courier tells the same.",
    labels: ["queue"],
  },
  heldEvents: {
    name: "doorstep_held_events",
    type: "gauge",
    help: "Events in these parcels; an estimate from 50 of them where a queue has more.",
    labels: ["queue"],
  },
  heldBytes: {
    name: "doorstep_held_bytes",
    type: "gauge",
    help: "Bytes of these events, as they were published; an estimate from 50 parcels where a queue has more.",
    labels: ["queue"],
  },
  oldestParcel: {
    name: "doorstep_oldest_parcel_age_seconds",
    type: "gauge",
    help: "Since the last event of the oldest parcel was logged; the oldest of some 2,000 where a queue has more.",
    labels: ["queue"],
  },
  deadLetters: {
    name: "doorstep_dead_letters",
    type: "gauge",
    help: "Dead letters of the whole hub; every courier tells the same.",
  },
  oldestDeadLetter: {
    name: "doorstep_oldest_dead_letter_age_seconds",
    type: "gauge",
    help: "Since the oldest dead letter died.",
  },
} as const satisfies MetricTable;

export type CourierMetrics = Metrics<typeof METRICS>;
