/** Stuck sockets: one that stays above its budget is closed, retryable; its log waits for it (P8). */
import type { UserSocket } from "../delivery/user-socket.ts";
import type { GatewayMetrics } from "../metric.ts";
import { abandonSocket } from "./closing.ts";

/** Looks at all sockets a few times per `stuckMs`; returns the function that ends this. */
export function watchStuckSockets(
  sockets: ReadonlySet<UserSocket>,
  limits: { readonly stuckMs: number; readonly socketBudgetBytes: number },
  metrics: GatewayMetrics,
): () => void {
  const timer = setInterval(() => {
    const oldest = Date.now() - limits.stuckMs;
    for (const delivery of sockets) {
      if (delivery.waitingSinceMs === 0 || delivery.waitingSinceMs > oldest) continue;
      // Waiting for Redis, not for its reader.
      if (delivery.backlogBytes <= limits.socketBudgetBytes / 2) continue;
      metrics.closings.inc({ code: "STUCK" });
      abandonSocket(delivery.socket);
    }
  }, limits.stuckMs / 4);
  return () => clearInterval(timer);
}
