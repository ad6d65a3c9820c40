import {
  ActionIcon,
  Center,
  Loader,
  Menu,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { IconLogout, IconMoon, IconSun, IconUserCircle } from "@tabler/icons-react";
import { useState } from "react";
import { AlarmList } from "./alarm-list.tsx";
import type { Session } from "./api.ts";
import styles from "./dashboard.module.css";
import { DayChart } from "./day-chart.tsx";
import { FacilityCard } from "./facility-card.tsx";
import { GatePage } from "./gate/gate-page.tsx";
import { Mark } from "./mark.tsx";
import { MovementList } from "./movement-list.tsx";
import { useHash } from "./use-hash.ts";
import { useLive } from "./use-live.ts";
import { useNow } from "./use-now.ts";

type DashboardProps = {
  readonly session: Session;
  readonly onSignedOut: () => void;
  readonly onSignOut: () => void;
};

export function Dashboard({ session, onSignedOut, onSignOut }: DashboardProps) {
  const { snapshot, connected, aheadMs } = useLive(onSignedOut);
  const nowMs = useNow() + aheadMs;
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const [gateId, setGateId] = useHash("gate/");
  const facilities = snapshot?.facilities ?? [];
  // With a single facility there is room for its alarms under its card.
  const alone = facilities.length === 1;
  const selected = facilities.find((facility) => facility.id === selectedId) ?? facilities[0];
  const gate = facilities.find((facility) => facility.id === gateId);

  return (
    <div className={styles["shell"]}>
      <Header session={session} connected={connected} onSignOut={onSignOut} />
      {snapshot === null && (
        <Center h="100%">
          <Loader type="dots" aria-label="Loading" />
        </Center>
      )}
      {snapshot !== null && selected === undefined && (
        <Center h="100%">
          <Text c="var(--pk-ink-soft)">No facility is set up yet.</Text>
        </Center>
      )}
      {gate !== undefined && (
        <GatePage key={gate.id} facility={gate} nowMs={nowMs} onBack={() => setGateId(null)} />
      )}
      {snapshot !== null && gate === undefined && selected !== undefined && (
        <main className={styles["body"]}>
          <div className={styles["side"]}>
            <nav className={styles["facilities"]} aria-label="Facilities">
              {facilities.map((facility) => (
                <FacilityCard
                  key={facility.id}
                  facility={facility}
                  nowMs={nowMs}
                  selected={facility.id === selected.id}
                  alone={alone}
                  onSelect={() => setSelectedId(facility.id)}
                  onGate={() => setGateId(facility.id)}
                />
              ))}
            </nav>
            {alone && <AlarmList facility={selected} nowMs={nowMs} />}
          </div>
          <div className={styles["detail"]} key={selected.id}>
            <DayChart facility={selected} at={snapshot.at} />
            <div className={styles["lists"]} data-alone={alone}>
              <MovementList facility={selected} />
              {!alone && <AlarmList facility={selected} nowMs={nowMs} />}
            </div>
          </div>
        </main>
      )}
    </div>
  );
}

type HeaderProps = { readonly session: Session; readonly connected: boolean; readonly onSignOut: () => void };

function Header({ session, connected, onSignOut }: HeaderProps) {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  return (
    <header className={styles["header"]}>
      <Mark size={32} />
      <div className={styles["title"]}>
        <span className={styles["organisation"]}>{session.organisation?.name ?? "All organisations"}</span>
        <span className={styles["product"]}>ParkMe Headquarters</span>
      </div>
      <div className={styles["connection"]} data-connected={connected} role="status">
        <span className={styles["dot"]} />
        {connected ? "Live" : "Connecting…"}
      </div>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={dark ? "Light colours" : "Dark colours"}
        onClick={() => setColorScheme(dark ? "light" : "dark")}
      >
        {dark ? <IconSun size={20} /> : <IconMoon size={20} />}
      </ActionIcon>
      <Menu position="bottom-end" width={220} transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Account">
            <IconUserCircle size={22} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{session.name}</Menu.Label>
          <Menu.Label>{session.email}</Menu.Label>
          <Menu.Divider />
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={onSignOut}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </header>
  );
}
