import type { Db } from "../db/connection.ts";

/** Every word answers with what `--json` prints, and with text for people. */
export type Answer = { readonly json: unknown; readonly text: string };

/** A reason that the reader of the message can remove. */
export class Refused extends Error {}

export type Surroundings = {
  readonly db: Db;
  /** Who does it, for the record. */
  readonly by: string;
  readonly now: Date;
  /** What the words were called with beside their argument. */
  readonly options: Options;
  /** The password of a new account: from a file, or from a person who types it. */
  readonly password: () => Promise<string>;
};

export type Options = {
  readonly role?: string | undefined;
  readonly organisation?: string | undefined;
  readonly name?: string | undefined;
};
