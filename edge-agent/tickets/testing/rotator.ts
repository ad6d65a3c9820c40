import { writeSync } from "node:fs";
import { openKeyring } from "../keyring.ts";

/**
 * A program that makes one new key after the other, and says a code signed by each when it is in force. It runs until
 * it is killed.
 */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: rotator FOLDER");
const opened = openKeyring(folder, Date.now(), (message) => void writeSync(2, `${message}\n`));
if (!opened.ok) throw new Error(opened.error.message);

for (;;) {
  const nowMs = Date.now();
  opened.value.rotate(nowMs);
  const issuedSeconds = Math.floor(nowMs / 1_000);
  const fields = {
    kind: "ticket",
    facility: 7,
    serial: 42,
    issuedSeconds,
    windowHours: 24,
    about: 1,
  } as const;
  writeSync(1, `${opened.value.sign(fields)}\n`);
}
