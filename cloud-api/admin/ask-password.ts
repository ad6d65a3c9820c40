import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { readSecret } from "../config/secret-file.ts";
import { Refused } from "./word.ts";

type Terminal = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** A new password, typed twice by a person; what they type is not shown. @throws {Refused} when they give up. */
export async function askPassword(input: Terminal, output: NodeJS.WritableStream): Promise<string> {
  if (input.isTTY !== true)
    throw new Refused("there is no terminal to ask for a password: --password-file FILE");
  output.write("Password, twice: ");
  const [first, second] = await twoLines(input);
  output.write("\n");
  if (first !== second) throw new Refused("the two are not the same: nothing was made");
  return first;
}

async function twoLines(input: Terminal): Promise<readonly [string, string]> {
  // The terminal shows what is written to this, and nothing is.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: silent, terminal: true, historySize: 0 });
  try {
    return await new Promise((done, fail) => {
      const lines: string[] = [];
      const giveUp = () => fail(new Refused("nothing was made"));
      reader.on("SIGINT", giveUp).on("close", giveUp);
      reader.on("line", (line) => {
        lines.push(line);
        const [first, second] = lines;
        if (first !== undefined && second !== undefined) done([first, second]);
      });
    });
  } finally {
    reader.close();
  }
}

/** The password in a file that only its owner may read. */
export async function passwordFrom(path: string): Promise<string> {
  const found = await readSecret(path, 1);
  if (!found.ok) throw new Refused(found.error);
  return found.value;
}
