import { useCallback, useEffect, useState } from "react";
import { Loader } from "@mantine/core";
import { Desk } from "./desk/desk.tsx";
import type { Session as Who } from "@parkme/shared/protocol/kiosk";
import { createGateApi } from "./gate/api.ts";
import { MerchantScreen } from "./money/merchant-screen.tsx";
import { SignIn } from "./sign-in/sign-in.tsx";
import classes from "./sign-in/sign-in.module.css";

type Session =
  | { readonly step: "asking" }
  | { readonly step: "unreachable" }
  | { readonly step: "signed_out"; readonly notice: string | null }
  | { readonly step: "signed_in"; readonly who: Who };

const ASK_AGAIN_MS = 3_000;

/** Finds out who is signed in, and shows the desk or the sign-in form. */
export function App() {
  const [session, setSession] = useState<Session>({ step: "asking" });
  const [api] = useState(() =>
    createGateApi(
      (input, init) => fetch(input, init),
      () => setSession({ step: "signed_out", notice: "Your session has ended. Please sign in again." }),
    ),
  );

  const ask = useCallback(async (): Promise<void> => {
    const answer = await api.session();
    setSession((before) => {
      if (answer.kind === "done") return { step: "signed_in", who: answer.value };
      if (answer.kind === "unanswered") return before.step === "signed_in" ? before : { step: "unreachable" };
      const notice = before.step === "signed_in" ? "Your session has ended. Please sign in again." : null;
      return { step: "signed_out", notice };
    });
  }, [api]);

  useEffect(() => {
    if (session.step !== "asking" && session.step !== "unreachable") return;
    const timer = setTimeout(() => void ask(), session.step === "asking" ? 0 : ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [session, ask]);

  const recheck = useCallback(() => void ask(), [ask]);

  async function signOut(): Promise<void> {
    await api.signOut();
    setSession({ step: "signed_out", notice: null });
  }

  switch (session.step) {
    case "asking":
    case "unreachable":
      return (
        <main className={classes["page"]}>
          <Loader color="gray" />
          <p role="status">
            {session.step === "asking" ? "One moment…" : "The gate's computer does not answer. Trying again…"}
          </p>
        </main>
      );
    case "signed_out":
      return (
        <SignIn
          notice={session.notice}
          signIn={api.signIn}
          onSignedIn={() => setSession({ step: "asking" })}
        />
      );
    case "signed_in":
      return session.who.role === "merchant" ? (
        <MerchantScreen api={api} title={session.who.title} onSignOut={() => void signOut()} />
      ) : (
        <Desk api={api} attendant={session.who.title} onRefused={recheck} onSignOut={() => void signOut()} />
      );
    default:
      return session satisfies never;
  }
}
