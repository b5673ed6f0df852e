import { me, post } from "./api.js";
import { Approvals } from "./approvals.js";
import { openCount } from "./approvals-state.js";
import { Chat } from "./chat.js";
import { html, render, useEffect, useState } from "./html.js";
import { connect, lookAgain } from "./live.js";
import { Requests } from "./requests.js";
import { lookAtReviews, Reviews } from "./reviews.js";
import { RunPage } from "./run-page.js";
import { FreezeButton, lookAtSafety, SafetyBars } from "./safety.js";
import { change, state, subscribe } from "./store.js";
import { stuckCount } from "./undos-state.js";
import { ThemeToggle } from "./theme-toggle.js";

const pages = [
  { path: "chat", title: "Chat" },
  { path: "requests", title: "My requests" },
  { path: "approvals", title: "My approvals" },
];

/** Where the address points to, e.g. "#/runs/RUN". Managers start where decisions wait. */
function currentPlace() {
  const [path = "", id = ""] = location.hash.replace(/^#\/?/, "").split("/");
  const start = state.me?.roles.includes("manager") === true ? "approvals" : "chat";
  return { path: path === "" ? start : path, id: decoded(id) };
}
/** An address may have been cut off when it was copied: then it is taken as it stands. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function App() {
  const [, redraw] = useState(0);
  const [place, setPlace] = useState(currentPlace);
  useEffect(() => subscribe(() => redraw((count) => count + 1)), []);
  useEffect(() => {
    const onMove = () => {
      setPlace(currentPlace());
      scrollTo(0, 0);
      void lookAgain();
      void lookAtReviews();
    };
    addEventListener("hashchange", onMove);
    return () => removeEventListener("hashchange", onMove);
  }, []);
  const waiting = openCount() + stuckCount();
  useEffect(() => {
    const title = pages.find((page) => page.path === place.path)?.title ?? "Run";
    document.title = `${waiting > 0 ? `(${waiting}) ` : ""}${title} · Countersign`;
  }, [place, waiting]);

  return html`<a class="skip" href="#content" onClick=${skip}>To the content</a>
    <header class="top">
      <div class="top-inner">
        <span class="brand"><img src="/assets/icon.svg" alt="" width="24" height="24" />Countersign</span>
        <${Navigation} current=${place.path} />
        <div class="account">
          ${state.demo && html`<span class="demo">demo</span>`}
          <span class="who" title=${state.me?.id}>${state.me?.name}</span>
          <${FreezeButton} />
          <${ThemeToggle} />
          <button type="button" class="quiet" onClick=${signOut}>Sign out</button>
        </div>
      </div>
    </header>
    <${SafetyBars} />
    ${
      state.notice !== "" &&
      html`<div class="bar notice" role="status">
        <div class="bar-inner">
          <p>${state.notice}</p>
          <button type="button" class="quiet" onClick=${() => change({ notice: "" })}>Close</button>
        </div>
      </div>`
    }
    ${state.connection === "lost" && html`<p class="banner" role="status">Connection lost, retrying …</p>`}
    <main id="content" tabindex="-1"><${Page} place=${place} /></main>
    <p class="for-readers" role="status" aria-live="polite">${state.announcement}</p>`;
}
/** @param {{current: string}} p */
function Navigation({ current }) {
  const count = openCount() + stuckCount();
  return html`<nav aria-label="Pages">
    ${pages.map(
      ({ path, title }) =>
        html`<a key=${path} href=${`#/${path}`} aria-current=${path === current ? "page" : undefined}>
          ${title}${path === "approvals" && count > 0 ? html`<span class="count">${count}<span class="for-readers"> open</span></span>` : null}
        </a>`,
    )}
  </nav>`;
}
/** @param {{place: {path: string, id: string}}} p */
function Page({ place }) {
  switch (place.path) {
    case "chat":
      return html`<${Chat} />`;
    case "requests":
      return html`<${Requests} />`;
    case "approvals":
      return html`<${Approvals} />`;
    case "reviews":
      return html`<${Reviews} />`;
    case "runs":
      return html`<${RunPage} id=${place.id} />`;
    default:
      return html`<section class="page">
        <h1>There is no such page</h1>
        <p><a href="#/chat">To the chat</a></p>
      </section>`;
  }
}
/** The address stays: it names the page, not a place on it. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
async function signOut() {
  await post("/sign-out", {}).catch(() => undefined);
  location.reload();
}

const { person, demo } = await me();
change({ me: person, demo });
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();
render(html`<${App} />`, root);
connect();
void lookAtSafety();
void lookAtReviews();
