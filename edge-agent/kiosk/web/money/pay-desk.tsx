import { useCallback, useEffect, useState, type SubmitEvent } from "react";
import { Button, TextInput } from "@mantine/core";
import { IconArrowLeft, IconCarOff, IconSearch } from "@tabler/icons-react";
import type { StayRow } from "@parkme/shared/protocol/kiosk-desk";
import type { GateApi } from "../gate/api.ts";
import type { MoneyContext } from "./context.ts";
import { ManualStayDialog } from "./manual-stay-dialog.tsx";
import { StaySheet } from "./stay-sheet.tsx";
import { useOffers } from "./use-offers.ts";
import classes from "./pay-desk.module.css";

/** Every stay by ticket, plate or time, and everything about its money. */
export function PayDesk(props: MoneyContext) {
  const { api, snapshot, money, time, nowMs } = props;
  const offers = useOffers(api);
  const { found, problem, search } = useSearch(api);
  const [selected, setSelected] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);

  return (
    <div className={classes["desk"]} data-selected={selected !== null || undefined}>
      <section className={classes["list"]} aria-label="Stays">
        <SearchForm search={search} onOnly={setSelected} />
        <Found {...{ found, problem, selected, money, time, nowMs }} onSelect={setSelected} />
        <Button
          variant="subtle"
          color="gray"
          size="md"
          leftSection={<IconCarOff size={22} aria-hidden />}
          onClick={() => setAdding(true)}
        >
          No entry found: add by hand
        </Button>
      </section>
      <section className={classes["sheet"]} aria-label="Stay">
        {selected === null ? (
          <p className={classes["hint"]}>Choose a stay, or scan or type its ticket.</p>
        ) : (
          <>
            <Button
              className={classes["back"] ?? ""}
              variant="default"
              size="md"
              leftSection={<IconArrowLeft size={20} aria-hidden />}
              onClick={() => setSelected(null)}
            >
              All stays
            </Button>
            <StaySheet key={selected} stayId={selected} offers={offers} {...props} />
          </>
        )}
      </section>
      <ManualStayDialog
        opened={adding}
        onClose={() => setAdding(false)}
        onAdded={(stayId) => {
          setAdding(false);
          setSelected(stayId);
          void search("");
        }}
        api={api}
        timeZone={snapshot.facility.time_zone}
      />
    </div>
  );
}

type SearchProps = {
  readonly search: (text: string) => Promise<readonly StayRow[] | null>;
  /** A ticket's number or a whole plate leads to its stay at once. */
  readonly onOnly: (stayId: string) => void;
};

function SearchForm({ search, onOnly }: SearchProps) {
  const [text, setText] = useState("");

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const [only, ...others] = (await search(text)) ?? [];
    if (only !== undefined && others.length === 0) onOnly(only.stay_id);
  }

  return (
    <form className={classes["search"]} onSubmit={(event) => void submit(event)}>
      <TextInput
        aria-label="Ticket number or plate"
        placeholder="Ticket or plate"
        value={text}
        onChange={(event) => setText(event.currentTarget.value.slice(0, 256))}
        leftSection={<IconSearch size={22} aria-hidden />}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        data-autofocus
      />
      <Button type="submit" variant="default">
        Find
      </Button>
    </form>
  );
}

/** The latest stays inside, until something is searched for. */
function useSearch(api: GateApi) {
  const [found, setFound] = useState<readonly StayRow[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const search = useCallback(
    async (text: string): Promise<readonly StayRow[] | null> => {
      const answer = await api.money.findStays(text.trim());
      if (answer.kind === "done") {
        setFound(answer.value.stays);
        setProblem(null);
        return answer.value.stays;
      }
      if (answer.kind !== "signed_out") setProblem(answer.message);
      return null;
    },
    [api],
  );
  useEffect(() => {
    const first = setTimeout(() => void search(""), 0);
    return () => clearTimeout(first);
  }, [search]);
  return { found, problem, search };
}

type FoundProps = Pick<MoneyContext, "money" | "time" | "nowMs"> & {
  readonly found: readonly StayRow[] | null;
  readonly problem: string | null;
  readonly selected: string | null;
  readonly onSelect: (stayId: string) => void;
};

const STATUS_WORDS: Record<StayRow["status"], string> = {
  provisional: "at the entry",
  open: "inside",
  closed: "left",
  void: "void",
};

function Found({ found, problem, selected, money, time, nowMs, onSelect }: FoundProps) {
  if (problem !== null)
    return (
      <p className={classes["none"]} role="alert">
        {problem}
      </p>
    );
  if (found === null) return null;
  if (found.length === 0) return <p className={classes["none"]}>Nothing fits.</p>;
  return (
    <ul className={classes["rows"]}>
      {found.map((row) => (
        <li key={row.stay_id}>
          <button
            type="button"
            className={classes["row"]}
            aria-pressed={row.stay_id === selected}
            onClick={() => onSelect(row.stay_id)}
          >
            <strong>{row.plate ?? "No plate"}</strong>
            <span>{row.ticket_number}</span>
            <span>
              {STATUS_WORDS[row.status]}, from {time.moment(Date.parse(row.entry_at), nowMs)}
            </span>
            {row.balance_minor > 0 && <em>{money(row.balance_minor)} open</em>}
          </button>
        </li>
      ))}
    </ul>
  );
}
