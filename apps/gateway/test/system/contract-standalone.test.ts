import { describeContract } from "./contract/contract.ts";
import { startStandalone } from "./support/topology.ts";

describeContract("one server", startStandalone);
