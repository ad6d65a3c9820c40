import { useCallback, useState } from "react";
import { Loader } from "@mantine/core";
import classes from "./app.module.css";
import { api, type Act } from "./api.ts";
import { Header } from "./header.tsx";
import { InsideList } from "./inside-list.tsx";
import { LaneCard } from "./lane-card.tsx";
import { NoteList } from "./note-list.tsx";
import { SendForm } from "./send-form.tsx";
import { ThingTiles } from "./thing-tile.tsx";
import { useLive } from "./use-live.ts";

export function App() {
  const { state, notes, connected } = useLive();
  const [refusal, setRefusal] = useState<string | null>(null);
  const act: Act = useCallback(async (wish) => {
    const answer = await wish;
    setRefusal(answer);
    return answer === null;
  }, []);

  if (state === null) {
    return (
      <main className={classes["waiting"]}>
        <Loader color="gray" />
        <p role="status">Waiting for the simulator…</p>
      </main>
    );
  }
  const everywhere = state.things.filter(({ lane }) => lane === null);
  return (
    <div className={classes["page"]}>
      <Header state={state} connected={connected} act={act} />
      <main className={classes["main"]}>
        <div className={classes["lanes"]}>
          {state.lanes.map((lane, index) => (
            <LaneCard
              key={lane.name}
              number={index + 1}
              lane={lane}
              things={state.things.filter((thing) => thing.lane === lane.name)}
              act={act}
            />
          ))}
          {everywhere.length > 0 && (
            <section className={classes["card"]} aria-labelledby="everywhere">
              <h2 id="everywhere">Network and other devices</h2>
              <ThingTiles things={everywhere} act={act} />
            </section>
          )}
        </div>
        <div className={classes["side"]}>
          <SendForm lanes={state.lanes} act={act} />
          <InsideList state={state} onLeave={(plate) => void act(api.depart(plate))} />
          <NoteList notes={notes} />
        </div>
      </main>
      {refusal !== null && (
        <div className={classes["refusal"]} role="alert">
          <p>{refusal}</p>
          <button type="button" onClick={() => setRefusal(null)}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
