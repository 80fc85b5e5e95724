import { describeContract } from "./contract/contract.ts";
import { startSixNodes } from "./support/topology.ts";

describeContract("a Cluster of six", startSixNodes);
