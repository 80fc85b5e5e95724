/** The publisher's process. */
import { serveRemote } from "../remote.ts";
import { Press } from "./press.ts";

serveRemote(new Press());
