import { readMarks } from "../../src/body.ts";
import { Tally } from "../../src/client/tally.ts";

/** A tally that keeps the number of each event it sees, in the order in which they came. */
export class Recorder extends Tally {
  readonly seqs: number[] = [];

  override events(user: number, text: string, isStranded: (dueUs: number) => boolean): number {
    readMarks(text, (seq) => this.seqs.push(seq));
    return super.events(user, text, isStranded);
  }
}
