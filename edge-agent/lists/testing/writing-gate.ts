import { newMint, openStore, recordsOf, turn } from "../../store/testing/gate-db.ts";

/**
 * A program that takes turns as a busy gate does, one every few milliseconds, until its standard input ends. Then
 * it says how many it wrote, and how many were refused.
 */
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: writing-gate PATH");
const mint = newMint();
const { store } = openStore(path, mint);
const make = recordsOf(mint);
let [written, refused] = [0, 0];

function takeTurn(): void {
  const stay = make.stay(null);
  try {
    store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
    written += 1;
  } catch {
    refused += 1;
  }
}

const turns = setInterval(takeTurn, 3);
takeTurn();
process.stdout.write("ready\n");
process.stdin.resume().on("end", () => {
  clearInterval(turns);
  store.close();
  process.stdout.write(`${JSON.stringify({ written, refused })}\n`);
});
