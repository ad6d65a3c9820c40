import type { Note } from "../contract.ts";
import app from "./app.module.css";
import classes from "./note-list.module.css";

/** Said aloud: what somebody did on purpose, and what must not happen. */
const LOUD: readonly Note["kind"][] = ["fault", "trouble"];

export function NoteList({ notes }: { readonly notes: readonly Note[] }) {
  const loud = notes.find(({ kind }) => LOUD.includes(kind));
  return (
    <section className={`${app["card"]} ${classes["list"]}`} aria-labelledby="notes-title">
      <h2 id="notes-title">What happened</h2>
      <p className={classes["spoken"]} aria-live="polite">
        {loud?.text}
      </p>
      {notes.length === 0 && <p className={classes["empty"]}>Nothing yet.</p>}
      <ol tabIndex={0} aria-labelledby="notes-title">
        {notes.map(({ seq, at, kind, text }) => (
          <li key={`${at} ${seq}`} data-kind={kind}>
            <time dateTime={at}>{new Date(at).toLocaleTimeString("en-GB")}</time>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
