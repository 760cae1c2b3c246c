import { useEffect, useState } from "preact/hooks";
import { loadSession, login, logout, session } from "./api.ts";
import { follow, isConnected, status } from "./live.ts";
import { isTrouble } from "./parts/health.tsx";
import { dismiss, notices, notify } from "./parts/notice.ts";
import { isServerTrouble } from "./parts/server-state.tsx";
import { messageOf } from "./parts/task.ts";
import { hrefOf, route } from "./route.ts";
import { useStore } from "./store.ts";
import { applyTheme, storedTheme, type Theme } from "./theme.ts";
import { EventList } from "./views/event-list.tsx";
import { Login } from "./views/login.tsx";
import { ModifiedBar } from "./views/modified-bar.tsx";
import { PairList } from "./views/pair-list.tsx";
import { PairPage } from "./views/pair-page.tsx";
import { ProjectPage } from "./views/project-page.tsx";
import { ServerList } from "./views/server-list.tsx";
import { ServerPage } from "./views/server-page.tsx";

export function App() {
  const current = useStore(route);
  const connected = useStore(isConnected);
  useEffect(() => {
    loadSession().catch((error: unknown) => notify("error", messageOf(error)));
    follow();
  }, []);
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <Header />
      {connected ? null : (
        <p class="banner" role="alert">
          The broker does not answer. What you see may be old; the page connects again by itself.
        </p>
      )}
      <main id="content" tabIndex={-1}>
        {current.view === "pairs" ? <PairList /> : null}
        {current.view === "pair" ? <PairPage name={current.pair} tab={current.tab} /> : null}
        {current.view === "servers" ? <ServerList /> : null}
        {current.view === "server" ? <ServerPage name={current.server} tab={current.tab} /> : null}
        {current.view === "project" ? <ProjectPage /> : null}
        {current.view === "events" ? (
          <>
            <h1>Events</h1>
            <EventList pair={null} />
          </>
        ) : null}
      </main>
      <ModifiedBar />
      <Notices />
      <Login />
    </>
  );
}

function Header() {
  const current = useStore(route);
  const { user } = useStore(session);
  const broker = useStore(status);
  const [theme, setTheme] = useState<Theme>(storedTheme());
  const inTrouble =
    (broker?.pairs.filter(isTrouble).length ?? 0) + (broker?.servers.filter(isServerTrouble).length ?? 0);
  // seen in a window behind others, too
  useEffect(() => {
    document.title = inTrouble > 0 ? `(${inTrouble}) Understudy` : "Understudy";
  }, [inTrouble]);
  const link = (view: "pairs" | "servers" | "events" | "project", text: string, isHere: boolean) => (
    <a href={hrefOf({ view })} aria-current={isHere ? "page" : undefined}>
      {text}
    </a>
  );
  return (
    <header class="top">
      <strong class="name">Understudy</strong>
      <nav aria-label="Main">
        {link("pairs", "Pairs", current.view === "pairs" || current.view === "pair")}
        {link("servers", "Servers", current.view === "servers" || current.view === "server")}
        {link("events", "Events", current.view === "events")}
        {link("project", "Project", current.view === "project")}
      </nav>
      <span class="grow" />
      <span class={`summary ${inTrouble > 0 ? "bad" : ""}`} role="status">
        {broker === null ? "" : inTrouble === 0 ? "all is well" : `${inTrouble} in trouble`}
      </span>
      <select
        aria-label="Theme"
        value={theme}
        onChange={(event) => {
          const next = event.currentTarget.value as Theme;
          setTheme(next);
          applyTheme(next);
        }}
      >
        <option value="system">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
      {user === null ? (
        <button type="button" onClick={() => void login()}>
          Log in
        </button>
      ) : (
        <button type="button" onClick={() => void logout()} title={`Logged in as ${user}`}>
          Log out {user}
        </button>
      )}
    </header>
  );
}

function Notices() {
  const current = useStore(notices);
  return (
    <div class="notices" aria-live="polite">
      {current.map(({ id, kind, text }) => (
        <div key={id} class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
          <span>{text}</span>
          <button type="button" class="plain" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
