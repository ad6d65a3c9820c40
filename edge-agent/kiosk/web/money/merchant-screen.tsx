import { useState, type SubmitEvent } from "react";
import { Alert, Button, TextInput } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { AttemptNotice } from "../actions/attempt-notice.tsx";
import { useAttempt } from "../actions/use-attempt.ts";
import type { GateApi } from "../gate/api.ts";
import icon from "../icon.svg";
import { OfferChoices, type ChosenOffer } from "./offer-choices.tsx";
import { useOffers } from "./use-offers.ts";
import signIn from "../sign-in/sign-in.module.css";

type Props = { readonly api: GateApi; readonly title: string; readonly onSignOut: () => void };

const MAX_TICKET = 40;

/** All that a merchant sees: a ticket, and what may be given on it. */
export function MerchantScreen({ api, title, onSignOut }: Props) {
  const { offers } = useOffers(api);
  const [ticket, setTicket] = useState("");
  const [offer, setOffer] = useState<ChosenOffer | null>(null);
  const [given, setGiven] = useState<string | null>(null);
  const chosen = offer ?? (offers.length === 1 ? (offers[0] ?? null) : null);
  const { attempt, submit } = useAttempt(
    async (key: string, body: { ticket_number: string; offer: string }) => {
      const answer = await api.money.merchantValidate({ ...body, idempotency_key: key });
      if (answer.kind === "done") setGiven(answer.value.ticket_number);
      return answer;
    },
    () => setTicket(""),
  );
  const retry = attempt.step === "unanswered";
  const ready = retry || (ticket.trim() !== "" && chosen !== null);

  function confirm(event: SubmitEvent): void {
    event.preventDefault();
    setGiven(null);
    if (ready && chosen !== null) submit({ ticket_number: ticket.trim(), offer: chosen.offer });
  }

  return (
    <main className={signIn["page"]}>
      <form className={signIn["card"]} onSubmit={confirm} aria-label="Validate a ticket">
        <div className={signIn["brand"]}>
          <img src={icon} alt="" />
          <div>
            <h1>{title}</h1>
            <p>Validate a parking ticket</p>
          </div>
        </div>
        {given !== null && (
          <Alert color="green" icon={<IconCircleCheck />} role="status">
            {given} is validated.
          </Alert>
        )}
        <AttemptNotice attempt={attempt} blocked={null} unanswered="Trying again validates it once only." />
        <TextInput
          label="Ticket number"
          placeholder="PKM-…"
          value={ticket}
          onChange={(event) => setTicket(event.currentTarget.value.slice(0, MAX_TICKET))}
          autoCapitalize="characters"
          autoComplete="off"
          spellCheck={false}
          readOnly={attempt.step !== "editing"}
          autoFocus
        />
        {offers.length > 1 && (
          <OfferChoices {...{ offers, chosen }} disabled={false} withMerchant={false} onChoose={setOffer} />
        )}
        <Button type="submit" size="xl" loading={attempt.step === "sending"} disabled={!ready}>
          {retry ? "Try again" : "Validate"}
        </Button>
        <Button variant="subtle" color="gray" onClick={onSignOut}>
          Sign out
        </Button>
      </form>
    </main>
  );
}
