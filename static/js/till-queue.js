/* The queue: every action is written down before it is sent, under the key that was made at the tap.

   An action is waiting, sent, refused, expired or undone. Only the cashier who tapped it sends it; the server gives a
   repeated key its first answer, so sending again after a lost answer counts nothing twice.                      */
(() => {
  const { config, store, events } = Till;
  const PAUSES = [2, 4, 8, 15, 30, 60]; // seconds between tries
  const PATIENCE = 15_000;
  const PASSING = ["busy", "till_locked", "till_other_cashier"];
  const answers = new Map(); // by key; what names a member is never written to the device
  let session = null; // who is signed in, as the server last said
  let failures = 0;
  let timer = 0;
  let running = false;
  let again = false;

  Till.net = "unknown"; // online, offline or signedout

  function say(name, detail) {
    events.dispatchEvent(new CustomEvent(name, { detail }));
  }

  function setNet(state) {
    if (Till.net === state) return;
    Till.net = state;
    say("net");
  }

  /* --- asking ------------------------------------------------------------------------------------------------- */

  class Refused extends Error {
    constructor(status, body) {
      super(body.message);
      Object.assign(this, { status, code: body.code, field: body.field });
    }
    get isPassing() {
      return this.status >= 500 || this.status === 429 || PASSING.includes(this.code);
    }
  }

  async function request(path, fields, patience) {
    const options = { headers: { Accept: "application/json" }, redirect: "manual", signal: AbortSignal.timeout(patience) };
    if (fields) {
      options.method = "POST";
      options.body = new URLSearchParams(fields);
      options.headers["X-CSRFToken"] = session.csrf;
    }
    let response;
    try {
      response = await fetch(config.home + path, options);
    } catch (error) {
      setNet("offline");
      throw error;
    }
    if (response.type === "opaqueredirect") {
      session = null;
      setNet("signedout");
      throw new Error("signed out");
    }
    setNet("online");
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    const body = isJson ? await response.json() : { code: "", message: Till.words.failed, field: "" };
    if (response.ok) return body;
    const isForeign = body.code === "till_other_cashier" || (!isJson && response.status === 403);
    if (isForeign) session = null; // signed in anew, perhaps as somebody else
    if (body.code === "till_locked") say("locked");
    throw new Refused(!isJson && response.status === 403 ? 503 : response.status, body);
  }

  /* Whoever is signed in now. A page kept for another cashier is loaded anew. */
  async function check() {
    if (session) return session;
    const found = await request("session/", null, PATIENCE);
    Till.offset = Date.parse(found.now) - Date.now();
    if (found.cashier !== config.cashier) {
      await globalThis.caches?.delete(`till-shell ${config.home}`);
      location.replace(config.home);
      throw new Error("another cashier");
    }
    session = found;
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = found.csrf;
    return session;
  }

  Till.offset = 0; // of the server's clock to ours, milliseconds
  Till.Refused = Refused;
  Till.check = check;
  Till.ask = async (path, fields, patience = PATIENCE) => {
    await check();
    return request(path, fields, patience);
  };

  /* Random (version 4), also where a page without HTTPS has no randomUUID. */
  function newKey() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  /* --- sending ------------------------------------------------------------------------------------------------ */

  async function settle(entry, state, message = "") {
    const { key, slug, cashier, kind, at, order, label, of } = entry;
    await store.put({ key, slug, cashier, kind, at, order, label, of, state, message, until: entry.until ?? "" });
    if (kind === "undo" && state === "sent") await markUndone(of);
    say("settled", { key, state, message });
    say("change");
  }

  async function markUndone(key) {
    const first = await store.get(key);
    if (first) await store.put({ ...first, state: "undone", until: "" });
  }

  /* True when the next one may follow, false when all must wait. */
  async function send(entry) {
    if (store.isOld(entry.at)) {
      await settle(entry, "expired", Till.words.expired);
      return true;
    }
    // It may have been undone, or sent by another page, since it was read.
    const before = await store.change(entry.key, (one) => one.state === "waiting" && { ...one, tries: one.tries + 1 });
    if (before?.state !== "waiting") return true;
    const fields = { ...entry.fields, key: entry.key, at: entry.at, cashier: entry.cashier };
    try {
      const body = await request(`actions/${entry.kind}/`, fields, PATIENCE);
      answers.set(entry.key, body);
      await settle({ ...entry, until: body.until }, "sent", entry.kind === "sale" ? body.short : "");
    } catch (error) {
      if (!(error instanceof Refused) || error.isPassing) return false;
      await settle(entry, "refused", error.message);
    }
    return true;
  }

  async function drain() {
    for (;;) {
      again = false;
      const waiting = (await store.all()).filter((one) => one.state === "waiting" && one.cashier === config.cashier);
      if (!waiting.length) return true;
      await check();
      if (!(await send(waiting[0]))) return false;
    }
  }

  async function run() {
    clearTimeout(timer);
    if (running) {
      again = true;
      return;
    }
    running = true;
    let isDone = false;
    try {
      // One page of this browser sends at a time; the others see the answers in the store.
      isDone = await (navigator.locks ? navigator.locks.request(`till ${config.slug}`, drain) : drain());
    } catch {
      // without network, or signed out: it is tried again below
    } finally {
      running = false;
    }
    failures = isDone ? 0 : failures + 1;
    if (again) run();
    else if (!isDone) timer = setTimeout(run, PAUSES[Math.min(failures, PAUSES.length) - 1] * 1000);
    say("change");
  }

  /* --- what the page calls ------------------------------------------------------------------------------------ */

  Till.queue = {
    answers,
    run,

    /* Write an action down and send it; its entry, not yet answered. */
    async add(kind, fields, label, of = "") {
      const entry = {
        key: newKey(),
        slug: config.slug,
        cashier: config.cashier,
        kind,
        fields: of ? { of } : fields,
        of,
        label,
        at: new Date(Date.now() + Till.offset).toISOString(),
        order: performance.timeOrigin + performance.now(),
        state: "waiting",
        tries: 0,
      };
      await store.put(entry);
      say("change");
      run();
      return entry;
    },

    /* The state of an action once it is known, or "waiting" when that takes too long. */
    settled(key, patience) {
      return new Promise((resolve) => {
        const done = (detail) => {
          clearTimeout(limit);
          events.removeEventListener("settled", listen);
          resolve(detail);
        };
        const listen = ({ detail }) => detail.key === key && done(detail);
        const limit = setTimeout(() => done({ key, state: "waiting" }), patience);
        events.addEventListener("settled", listen);
        store.get(key).then((entry) => entry && entry.state !== "waiting" && done(entry));
      });
    },

    /* Take an action back: what was never sent is dropped, all else is undone at the server. */
    async undo(key) {
      const entry = await store.change(key, (one) => one.state === "waiting" && !one.tries && { ...one, state: "undone" });
      if (entry?.state === "waiting" && !entry.tries) {
        await settle(entry, "undone");
        return null;
      }
      return this.add("undo", null, entry ? entry.label : "", key);
    },
  };

  addEventListener("online", () => {
    failures = 0;
    run();
  });
  addEventListener("offline", () => setNet("offline"));
  addEventListener("visibilitychange", () => document.hidden || run());
})();
