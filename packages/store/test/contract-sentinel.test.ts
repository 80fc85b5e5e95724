import { describeContract } from "./contract/contract.ts";
import { startWatched } from "./support/topology.ts";

describeContract("Sentinel", startWatched);
