/** What a part of the contract is written against. */
import type { CleanUp } from "@doorstep/testkit";
import type { Deployment, DeploymentOptions } from "../support/deployment.ts";

export interface Stage {
  /** Starts a hub of the test's own on the Redis of the suite. */
  readonly deploy: (options?: DeploymentOptions) => Promise<Deployment>;
  /** What the test starts besides; undone after it. */
  readonly cleanUp: CleanUp;
}
