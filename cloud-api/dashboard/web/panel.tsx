import type { ReactNode } from "react";
import styles from "./panel.module.css";

type PanelProps = {
  readonly title: string;
  /** Beside the title, at the right. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
};

/** A titled surface; its content scrolls when there is too much of it. */
export function Panel({ title, aside, children }: PanelProps) {
  return (
    <section className={styles["panel"]}>
      <header className={styles["head"]}>
        <h2 className={styles["title"]}>{title}</h2>
        <div className={styles["aside"]}>{aside}</div>
      </header>
      <div className={styles["content"]}>{children}</div>
    </section>
  );
}

/** What a list says when there is nothing in it. */
export function Nothing({ children }: { readonly children: ReactNode }) {
  return <div className={styles["nothing"]}>{children}</div>;
}
