"use strict";
// An open inbox asks for itself again when it is told that something changed, and swaps only what did. Without this
// script the pages are the same; they are just asked for again by the browser now and then.
(() => {
  const inbox = document.getElementById("inbox");
  if (!inbox) return;
  const live = document.getElementById("live");
  const scroll = document.getElementById("scroll");
  const POLL_MS = 5000; // while nothing tells us
  const CHECK_MS = 15000; // while something does: other processes, missed words
  const GAP_MS = 1000; // however much happens, a page is asked for once a second
  let ahead_ms = Date.now() - Number(inbox.dataset.now) * 1000; // how far our clock is from the server's
  let asking = false, again = null, asked_at = 0, lost_since = null, source = null;

  // -- swapping what changed ----------------------------------------------------------------

  const glow = (node) => {
    node.classList.add("fresh");
    setTimeout(() => node.classList.remove("fresh"), 1200);
  };

  // Make the children of `old` those of `next`, by their ids. What did not change is not touched: a moved or replaced
  // player would stop playing.
  const reconcile = (old, next, quiet) => {
    const wanted = new Set([...next.children].map((child) => child.id));
    for (const child of [...old.children]) if (!wanted.has(child.id)) child.remove();
    let place = old.firstElementChild;
    for (const child of [...next.children]) {
      let mine = child.id ? old.querySelector(`:scope > #${CSS.escape(child.id)}`) : null;
      const isNew = mine === null;
      if (isNew) mine = child;
      if (mine === place) place = place.nextElementSibling;
      else old.insertBefore(mine, place);
      if (isNew) { if (!quiet) glow(mine); }
      else if (mine.dataset.v !== child.dataset.v) swap(mine, child);
    }
  };

  const swap = (mine, next) => {
    const parts = mine.querySelector(":scope > [data-keyed]"), others = next.querySelector(":scope > [data-keyed]");
    if (parts && others) {
      reconcile(parts, others, true);
      mine.className = next.className;
      mine.dataset.v = next.dataset.v;
      return;
    }
    const opened = mine.querySelector("details[open]") !== null;
    mine.replaceWith(next);
    if (opened) next.querySelector("details")?.setAttribute("open", "");
    glow(next);
  };

  const take = (html) => {
    const next = new DOMParser().parseFromString(html, "text/html").getElementById("inbox");
    if (!next) return;
    ahead_ms = Date.now() - Number(next.dataset.now) * 1000;
    const atEnd = scroll && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    for (const id of ["conversations", "messages"]) {
      const old = document.getElementById(id), fresh = next.querySelector(`#${id}`);
      if (old && fresh) {
        if (old.className !== fresh.className) old.className = fresh.className;
        reconcile(old, fresh, false);
      }
    }
    for (const id of ["pending", "files"]) {
      const old = document.getElementById(id), fresh = next.querySelector(`#${id}`);
      if (old && fresh && old.dataset.v !== fresh.dataset.v) old.replaceWith(fresh);
    }
    if (atEnd) toEnd();
    prepare();
    tick();
  };

  const toEnd = () => { if (scroll) scroll.scrollTop = scroll.scrollHeight; };

  // -- asking -------------------------------------------------------------------------------

  const ask = async () => {
    const early_ms = asked_at + GAP_MS - Date.now();
    if (asking || early_ms > 0) {
      again ??= setTimeout(() => { again = null; ask(); }, Math.max(early_ms, 100));
      return;
    }
    asking = true;
    asked_at = Date.now();
    try {
      const answer = await fetch(location.href, {
        headers: { "X-Penstock-Fragment": "1", Accept: "text/html" }, credentials: "same-origin",
        signal: AbortSignal.timeout(20000),
      });
      if (answer.status === 401 || answer.status === 404) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      take(await answer.text());
      lost_since = null;
    } catch {
      lost_since ??= new Date(Date.now() - ahead_ms);
    } finally {
      asking = false;
      show();
    }
  };

  const show = () => {
    inbox.classList.toggle("stale", lost_since !== null);
    live.classList.toggle("lost", lost_since !== null);
    live.hidden = false;
    const text = lost_since === null ? "Live"
      : `Penstock does not answer since ${lost_since.toISOString().slice(11, 16)} UTC; this is what it said last`;
    if (live.textContent !== text) live.textContent = text;
  };

  const listen = () => {
    source = new EventSource("/events");
    source.addEventListener("changed", () => { if (!document.hidden) ask(); }); // a hidden page asks when it is seen
    // A stream that was refused is closed for good; polling goes on meanwhile, and we try again now and then.
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, 30000); };
  };

  setInterval(() => {
    const told = source !== null && source.readyState === EventSource.OPEN;
    if (!document.hidden && Date.now() - asked_at >= (told && lost_since === null ? CHECK_MS : POLL_MS)) ask();
  }, 1000);
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });

  // -- times go on --------------------------------------------------------------------------

  const UNITS = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const span = (seconds) => {
    for (const [unit_s, unit] of UNITS) if (seconds >= unit_s) return `${Math.floor(seconds / unit_s)}\u2009${unit}`;
    return "1\u2009s";
  };
  const tick = () => {
    const now = Date.now() - ahead_ms;
    for (const time of document.querySelectorAll("time[data-ago], time[data-in]")) {
      const passed_s = (now - Date.parse(time.dateTime)) / 1000;
      let text;
      if ("in" in time.dataset) text = passed_s >= 0 ? "now" : `in ${span(-passed_s)}`;
      else if (passed_s >= 7 * 86400) continue;
      else text = passed_s < 5 ? "now" : `${span(passed_s)} ago`;
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(tick, 1000);

  // -- a text to copy -----------------------------------------------------------------------

  const prepare = () => { for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false; };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = button.parentElement.querySelector(".request-text");
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch { // not on a secure address: select it, so that one key copies it
      getSelection().selectAllChildren(text);
    }
  });

  prepare();
  if (scroll && !location.search.includes("before=") && (!location.hash || location.hash === "#newest")) toEnd();
  for (const img of document.querySelectorAll(".file img")) if (scroll) img.addEventListener("load", () => {
    if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < img.clientHeight + 80) toEnd();
  }, { once: true });
  listen();
})();
