/** The gateway's metrics; docs/reference/metrics.md lists them, and a test compares the two. */
import { LATENCY_BUCKETS_S, type Metrics, type MetricTable } from "@doorstep/runtime";

export const METRICS = {
  connections: { name: "doorstep_connections", type: "gauge", help: "Sockets this gateway holds." },
  users: { name: "doorstep_users", type: "gauge", help: "Users with at least one socket on this gateway." },
  handshakes: {
    name: "doorstep_handshakes_total",
    type: "counter",
    help: "Handshakes by outcome: accepted, or the code of the refusal.",
    labels: ["outcome"],
  },
  handshakesWaiting: {
    name: "doorstep_handshakes_waiting",
    type: "gauge",
    help: "Handshakes that wait to be admitted.",
  },
  closings: {
    name: "doorstep_closings_total",
    type: "counter",
    help: "Sockets that the gateway closed, by code.",
    labels: ["code"],
  },
  published: {
    name: "doorstep_published_events_total",
    type: "counter",
    help: "Events published over HTTP, by outcome: appended, duplicate, ephemeral, or the code of the refusal.",
    labels: ["outcome"],
  },
  pushed: { name: "doorstep_pushed_events_total", type: "counter", help: "Events that arrived from Redis by push." },
  pushMessages: {
    name: "doorstep_push_messages_total",
    type: "counter",
    help: "Messages of users' channels that woke this gateway, by kind: user, unknown (no socket here any more), malformed.",
    labels: ["kind"],
  },
  delivered: {
    name: "doorstep_delivered_events_total",
    type: "counter",
    help: "Events written to sockets, by path: live or catch_up.",
    labels: ["path"],
  },
  frames: { name: "doorstep_frames_total", type: "counter", help: "Frames written to sockets." },
  acked: {
    name: "doorstep_acked_events_total",
    type: "counter",
    help: "Durable events acknowledged through this gateway.",
  },
  undelivered: {
    name: "doorstep_undelivered_events",
    type: "gauge",
    help: "Durable events not yet acknowledged, of the users this gateway holds, each as of when a head check last looked.",
  },
  catchUps: {
    name: "doorstep_catch_ups_total",
    type: "counter",
    help: "Times a socket began to catch up, by cause: connect, push_lost, head_check, failover, slow.",
    labels: ["cause"],
  },
  overflow: {
    name: "doorstep_mailbox_overflow_total",
    type: "counter",
    help: "Events that full mailboxes let go of (policy drop_oldest), published through this gateway.",
  },
  gaps: { name: "doorstep_gaps_total", type: "counter", help: "Gaps told to sockets, by reason.", labels: ["reason"] },
  ephemeralDropped: {
    name: "doorstep_ephemeral_dropped_total",
    type: "counter",
    help: "Ephemeral events not written to a socket because it was catching up.",
  },
  deadLettersEnded: {
    name: "doorstep_dead_letters_ended_total",
    type: "counter",
    help: "Dead letters that the HTTP API ended, by outcome: replayed or purged.",
    labels: ["outcome"],
  },
  badMessages: {
    name: "doorstep_bad_messages_total",
    type: "counter",
    help: "Messages from clients that were refused, by code.",
    labels: ["code"],
  },
  controlMalformed: {
    name: "doorstep_control_messages_malformed_total",
    type: "counter",
    help: "Messages of the control plane that have not the adapter's form; they are ignored.",
  },
  storeErrors: {
    name: "doorstep_store_errors_total",
    type: "counter",
    help: "Calls to Redis that failed, by operation.",
    labels: ["operation"],
  },
  lag: {
    name: "doorstep_event_loop_lag_seconds",
    type: "gauge",
    help: "Delay of the event loop, 99th percentile of the last half second, 0 unless the loop was busy; above DOORSTEP_MAX_LAG_MS no handshake is admitted.",
  },
  writeLatency: {
    name: "doorstep_publish_to_write_seconds",
    type: "histogram",
    help: "From Redis' clock at the append to the write on a live socket, of one frame in eight, for its first event.",
    buckets: LATENCY_BUCKETS_S,
  },
  ackLatency: {
    name: "doorstep_publish_to_ack_seconds",
    type: "histogram",
    help: "From Redis' clock at the append to the acknowledgement, once an ack, for its last event. Implicit acks come with pongs.",
    buckets: [...LATENCY_BUCKETS_S, 30, 60],
  },
} as const satisfies MetricTable;

export type GatewayMetrics = Metrics<typeof METRICS>;
