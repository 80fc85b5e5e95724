/** The process of the clients. */
import { serveRemote } from "../remote.ts";
import { Crowd } from "./crowd.ts";

serveRemote(new Crowd());
