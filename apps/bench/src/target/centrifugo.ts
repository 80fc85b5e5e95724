/**
 * Centrifugo with its Redis engine: a history for each user's channel, and recovery from it.
 *
 * Written from the documentation of Centrifugo 6 (configuration, server API, client protocol, history and recovery) and run
 * with 6.9.1: test/stage.test.ts takes it in wherever there is one.
 */
import type { Target } from "../target.ts";
import { startCentrifugo, whyAbsent } from "./centrifugo/start.ts";

export const centrifugo: Target = {
  name: "centrifugo",
  title: "Centrifugo, history and recovery",
  guarantee: "again after absences, while a history of limited size and age has it",
  keeps: "minutes",
  protocol: "centrifugo",
  absent: whyAbsent,
  start: startCentrifugo,
};
