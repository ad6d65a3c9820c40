import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { ENVIRONMENT_HELP, readEnvironment, type CloudConfig } from "../config/environment.ts";
import { openDatabase, type DatabaseAddress } from "../db/connection.ts";
import { findEmbeddedDatabase } from "../db/embedded.ts";
import { readDatabaseError } from "../db/errors.ts";
import { askPassword, passwordFrom } from "./ask-password.ts";
import { Refused } from "./word.ts";
import { WORDS } from "./words.ts";

const HELP = `ParkMe cloud administration: works on the cloud's database while the cloud runs.

  npm run admin -- enrol FACILITY   makes a code that enrols the edge of a facility, by its slug: good once, for 15
                                    minutes; one of before that nobody has used is void
  npm run admin -- edges            the edges, and what they sign in with
  npm run admin -- revoke EDGE      takes an edge's key and token away, by its id or its facility's slug; it counts from
                                    the next request on, and the gate goes on without the cloud
  npm run admin -- create EMAIL     makes an account, and asks for its password; an admin's, unless told
  npm run admin -- organisations    the organisations

  --role ROLE            of create: admin, owner or staff (admin)
  --organisation SLUG    of create: whom owners and staff work for
  --name NAME            of create: what people call them
  --password-file FILE   of create: a file with the password (mode 0600), where there is nobody to ask
  --json                 the answer as JSON
  --help                 this text

${ENVIRONMENT_HELP}

It reads PARKME_DATA_DIR and PARKME_DATABASE_URL as the cloud does. The demo's folder is .parkme/demo/cloud.`;

async function main(): Promise<number> {
  const options = {
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
    role: { type: "string" },
    organisation: { type: "string" },
    name: { type: "string" },
    "password-file": { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [name = "", argument = "", ...more] = positionals;
  const word = WORDS.get(name);
  const isComplete =
    word !== undefined && (word.argument === null) === (argument === "") && more.length === 0;
  if (values.help === true || !isComplete) {
    (values.help === true ? console.log : console.error)(HELP);
    return values.help === true ? 0 : 1;
  }
  const config = readEnvironment(process.env);
  if (!config.ok) throw new Refused(`the configuration is not right:\n${config.error.join("\n  ")}`);
  const { db, close } = openDatabase(await addressOf(config.value), () => undefined);
  try {
    const by = `${userInfo().username} by the admin program`;
    const file = values["password-file"];
    const password = () =>
      file === undefined ? askPassword(process.stdin, process.stderr) : passwordFrom(file);
    const { json, text } = await word.run({ db, by, now: new Date(), options: values, password }, argument);
    console.log(values.json === true ? JSON.stringify(json) : text);
    return 0;
  } finally {
    await close();
  }
}

async function addressOf({ database }: CloudConfig): Promise<DatabaseAddress> {
  if ("url" in database) return database.url;
  const found = await findEmbeddedDatabase(database.dataDir);
  if (found !== null) return found;
  throw new Refused(
    `no cloud runs on ${database.dataDir}: start it, or set PARKME_DATA_DIR or PARKME_DATABASE_URL as it has them`,
  );
}

/** A table or a column that is missing: the cloud of this version has not been started on this database yet. */
const MISSING = ["42P01", "42703"];

function reasonOf(error: unknown): string {
  const known = readDatabaseError(error);
  if (known !== null && MISSING.includes(known.sqlState ?? ""))
    return "the database is of an older version: start this version's cloud on it first";
  return known?.message ?? (error instanceof Error ? error.message : String(error));
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`admin: ${reasonOf(error)}`);
  process.exitCode = 1;
}
