/* The till: who is it, how much, what did it give. Everything on it can be tapped, typed or scanned.

   Without this script every form works by itself; with it nothing is lost when the network is.                 */
(() => {
  const { root, config, words, store, queue, events } = Till;
  const PATIENCE = 4000; // milliseconds until an action counts as waiting
  const MOST = 10 ** 9; // minor units
  const byId = (id) => document.getElementById(id);
  const pointer = matchMedia("(pointer: fine)");

  if (!byId("step-find")) return; // the store is still to be chosen

  let step = "find";
  let who = null; // {number, name, …} or {joined, name}
  let minor = 0; // typed on the pad
  let lines = []; // {sku, name, price, quantity}
  let shown = ""; // the key of the action on the screen
  let isBusy = false;

  /* --- writing ------------------------------------------------------------------------------------------------ */

  const figures = (text) => text.replace(/[0-9]/g, (figure) => config.money.figures[figure]);

  function money(amount) {
    const { digits, pattern, group, point } = config.money;
    const text = String(amount).padStart(digits + 1, "0");
    const whole = (digits ? text.slice(0, -digits) : text).replace(/\B(?=([0-9]{3})+$)/g, group);
    return pattern.replace("{}", figures(digits ? whole + point + text.slice(-digits) : whole));
  }

  function tell(id, text) {
    const place = byId(id);
    place.textContent = "";
    const field = place.parentElement.querySelector("input");
    if (place.parentElement.classList.contains("field") && field) {
      if (text) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    if (text) place.append(Object.assign(document.createElement("span"), { textContent: text }));
  }

  function show(next) {
    step = next;
    root.dataset.step = next;
    for (const name of ["find", "join", "sale", "done", "queued"]) {
      byId(`step-${name}`).hidden = name !== next && !(name === "find" && (next === "done" || next === "queued"));
    }
    const places = { find: pointer.matches ? "q" : "", join: "join-name", done: "step-done", queued: "step-queued" };
    byId("find-title").textContent = next === "find" || next === "sale" ? words.who : words.next;
    byId(places[next] ?? "")?.focus({ preventScroll: true });
    scrollTo(0, 0);
    list();
  }

  function back() {
    who = null;
    shown = "";
    setAmount(0);
    lines = [];
    byId("q").value = "";
    byId("receipt").value = byId("code").value = "";
    forgetPayment();
    for (const id of ["find-note", "join-note", "sale-note"]) tell(id, "");
    show("find");
  }

  /* --- who ---------------------------------------------------------------------------------------------------- */

  function serve(found, note = "") {
    who = found;
    // For the pages beside the sale, which are ordinary ones.
    const form = byId("sale-form");
    form.elements.number.value = found.number ?? "";
    for (const way of form.querySelectorAll("[formaction]")) way.hidden = !found.number;
    lines = [];
    forgetPayment();
    setAmount(0);
    byId("receipt").value = byId("code").value = "";
    byId("who-name").textContent = found.name;
    byId("who-balance").textContent = found.balance ?? "";
    byId("who-tier").textContent = found.tier ?? "";
    byId("who-tier").hidden = byId("who-dot").hidden = !found.tier;
    byId("who-tier").className = `tier t${found.bars ?? 1}`;
    const text = [found.note, note].filter(Boolean).join(" ");
    byId("who-note").hidden = !text;
    byId("who-note").querySelector("span").textContent = text;
    const said = (found.said ?? []).map((line) => Object.assign(document.createElement("p"), { textContent: line, dir: "auto" }));
    for (const old of byId("who-said").querySelectorAll("p")) old.remove();
    byId("who-said").querySelector("div").append(...said);
    byId("who-said").hidden = !said.length;
    tell("sale-note", "");
    show("sale");
    if (found.number && found.tier !== undefined) store.see(found.number);
  }

  const latin = (text) => text.replace(/[٠-٩۰-۹]/g, (figure) => (figure.charCodeAt(0) & 15) % 10);

  /* The check digit of a member number (Luhn). */
  function isValid(number) {
    let sum = 0;
    for (const [place, figure] of [...number].reverse().entries()) {
      const value = Number(figure) * (place % 2 ? 2 : 1);
      sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 === 0;
  }

  async function findAlone(text) {
    const plain = latin(text).replace(/[\s-]/g, "");
    const number = plain.match(/(?<![0-9])[0-9]{12}(?![0-9])/)?.[0];
    if (!number) return tell("find-note", words.number_only);
    if (!isValid(number)) return tell("find-note", words.wrong);
    const name = `${words.member} ${figures(number.replace(/(.{4})(?=.)/g, "$1 "))}`;
    serve({ number, name }, (await store.hasSeen(number)) ? words.known : words.unknown);
  }

  async function find(text) {
    if (isBusy) return;
    tell("find-note", "");
    if (step !== "find") back();
    byId("q").value = text;
    isBusy = true;
    byId("find-button").setAttribute("aria-busy", "true");
    try {
      const body = await Till.ask("find/", { q: text }, PATIENCE);
      if (body.go) location.assign(body.go);
      else if (body.code) tell("find-note", words.coupon);
      else serve(body.who);
    } catch (error) {
      if (error instanceof Till.Refused) tell("find-note", error.message);
      else await findAlone(text);
    } finally {
      isBusy = false;
      byId("find-button").removeAttribute("aria-busy");
    }
  }

  function seek() {
    const text = byId("q").value.trim();
    if (text) return find(text);
    tell("find-note", words.nothing);
    byId("q").focus();
  }

  /* What was scanned while somebody is served: their coupon, or else as before. */
  async function scan(text) {
    const isNumber = /[0-9]{12}/.test(latin(text).replace(/[\s-]/g, ""));
    if (step !== "sale" || !who || isBusy || isNumber) return find(text);
    try {
      const body = await Till.ask("find/", { q: text }, PATIENCE);
      if (!body.code) return body.go ? location.assign(body.go) : find(text);
    } catch (error) {
      if (error instanceof Till.Refused) return tell("sale-note", error.message);
    }
    byId("code").value = text;
    byId("code").closest("details").open = true;
    foresee();
  }

  /* Enough of a contact for whoever typed it: a…@example.com, …123. */
  function masked(contact) {
    const at = contact.lastIndexOf("@");
    return at > 0 ? `${contact[0]}…${contact.slice(at)}` : `…${figures(latin(contact).slice(-3))}`;
  }

  async function join() {
    const name = byId("join-name").value.trim();
    const contact = byId("join-contact").value.trim();
    const empty = [byId("join-name"), byId("join-contact")].find((field) => !field.value.trim());
    if (empty) return empty.focus();
    tell("join-note", "");
    const brought = byId("join-referral")?.value.trim() ?? "";
    const entry = await queue.add("join", { name, contact, ...(brought && { referral_code: brought }) }, masked(contact));
    const { state, message } = await queue.settled(entry.key, PATIENCE);
    if (state === "refused") return tell("join-note", message);
    const body = queue.answers.get(entry.key);
    byId("join-form").reset();
    if (body) serve(body.who, body.short);
    else serve({ joined: entry.key, name }, words.newcomer);
  }

  /* --- how much ----------------------------------------------------------------------------------------------- */

  const total = () => minor + lines.reduce((sum, line) => sum + line.price * line.quantity, 0);

  function setAmount(value) {
    minor = Math.min(value ?? 0, MOST);
    paint();
  }

  function paint() {
    byId("amount-shown").textContent = money(total());
    byId("lines").replaceChildren(...lines.map(lineOf));
    // What was typed or chosen is given by its own button, and a stamp is a sale of its own.
    for (const button of document.querySelectorAll("[data-stamp]")) button.disabled = total() > 0;
    if (total()) tell("sale-note", "");
    foresee();
  }

  function lineOf(line) {
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("bdi"), { textContent: line.name });
    const text = figures(`${line.quantity} × `);
    const cost = Object.assign(document.createElement("span"), { className: "num push", textContent: money(line.price * line.quantity) });
    const less = Object.assign(document.createElement("button"), { type: "button", className: "btn square", textContent: "−" });
    less.setAttribute("aria-label", `− ${line.name}`);
    less.addEventListener("click", () => {
      line.quantity -= 1;
      lines = lines.filter((one) => one.quantity);
      paint();
    });
    item.append(text, name, cost, less);
    return item;
  }

  function press(key) {
    if (key === "del") setAmount(Math.floor(minor / 10));
    else if (minor * 10 ** key.length <= MOST) setAmount(minor * 10 ** key.length + Number(key));
  }

  function add({ sku, name, price }) {
    const line = lines.find((one) => one.sku === sku);
    if (line) line.quantity += 1;
    else lines.push({ sku, name, price: Number(price), quantity: 1 });
    paint();
  }

  function saleFields() {
    const items = lines.map(({ sku, quantity, price }) => ({ sku, quantity, amount_minor: price * quantity }));
    return {
      ...(who.joined ? { joined: who.joined } : { number: who.number }),
      amount_minor: minor,
      items: items.length ? JSON.stringify(items) : "",
      store: config.store,
      receipt: byId("receipt").value.trim(),
      code: byId("code").value.trim(),
    };
  }

  /* What pays for part of it. The code of the member is no part of what is looked at before. */
  function paying() {
    const fields = { pay_unit: byId("pay-unit")?.value ?? "", gift_card: byId("gift-card").value.trim(), pay_amount: byId("pay-amount").value.trim() };
    return fields.pay_unit || fields.gift_card ? fields : {};
  }

  function forgetPayment() {
    for (const id of ["pay-unit", "passcode", "gift-card", "pay-amount"]) if (byId(id)) byId(id).value = "";
    byId("pay").open = false;
  }

  /* A payment is answered at once or not made: it never waits on this device. */
  function pay() {
    if (Till.net === "offline") return tell("sale-note", words.pay_online);
    const form = byId("sale-form");
    const fields = { ...saleFields(), key: crypto.randomUUID(), at: new Date().toISOString() };
    for (const [name, value] of Object.entries(fields)) {
      const field = form.elements[name] ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name }));
      field.value = value;
    }
    form.submit();
  }

  let asked = 0;
  function foresee() {
    clearTimeout(asked);
    const give = byId("give");
    give.textContent = words.give;
    if (!who?.number || !total() || Till.net !== "online") {
      byId("foreseen").textContent = "";
      return;
    }
    asked = setTimeout(async () => {
      const mark = asked;
      try {
        const body = await Till.ask("preview/", { ...saleFields(), ...paying(), receipt: "" }, PATIENCE);
        if (mark !== asked || step !== "sale") return;
        byId("foreseen").innerHTML = body.html;
        give.textContent = body.give;
        tell("sale-note", "");
      } catch (error) {
        byId("foreseen").textContent = "";
        if (error instanceof Till.Refused && mark === asked && paying().pay_amount !== undefined) tell("sale-note", error.message);
      }
    }, 250);
  }

  /* --- what it gave ------------------------------------------------------------------------------------------- */

  /* One tap: so many of what a stamp stands for, sold at once. */
  async function stamp({ stamp: sku, name, price, times, label }) {
    if (isBusy || !who || total()) return;
    lines = [{ sku, name, price: Number(price), quantity: Number(times) }];
    await give(label);
    if (step === "sale") {
      lines = []; // refused: the next tap begins anew
      paint();
    }
  }

  async function give(said = "") {
    if (isBusy || !who) return;
    if (!total()) return tell("sale-note", words.empty);
    if (paying().pay_amount !== undefined) return pay();
    isBusy = true;
    clearTimeout(asked);
    tell("sale-note", "");
    byId("give").setAttribute("aria-busy", "true");
    try {
      const end = who.number ? ` · …${figures(who.number.slice(-4))}` : "";
      const entry = await queue.add("sale", saleFields(), `${said || money(total())}${end}`);
      await follow(entry);
    } finally {
      isBusy = false;
      byId("give").removeAttribute("aria-busy");
    }
  }

  /* Show what became of an action: its answer, why it was refused, or that it waits. */
  async function follow(entry) {
    shown = entry.key;
    const { state, message } = await queue.settled(entry.key, Till.net === "offline" ? 0 : PATIENCE);
    if (state === "sent") return showAnswer(entry.key);
    if (state === "refused" || state === "expired") {
      shown = "";
      return tell(step === "sale" ? "sale-note" : "find-note", message);
    }
    byId("queued-what").textContent = entry.label;
    byId("queued-undo").hidden = entry.kind === "undo";
    show("queued");
  }

  function showAnswer(key) {
    shown = key;
    byId("done").innerHTML = queue.answers.get(key).html;
    byId("q").value = "";
    show("done");
    tick();
  }

  async function undo(key) {
    const entry = await queue.undo(key);
    if (entry) await follow(entry);
    else back();
  }

  events.addEventListener("settled", ({ detail }) => {
    if (detail.key !== shown || step !== "queued") return;
    if (detail.state === "sent") showAnswer(detail.key);
    else if (detail.state !== "undone") {
      show("find");
      tell("find-note", detail.message);
    }
  });

  /* --- what was done ------------------------------------------------------------------------------------------ */

  const LOOKS = { waiting: "warn", sent: "good", refused: "bad", expired: "bad", undone: "draft" };

  function entryOf(entry) {
    const item = document.createElement("li");
    const label = document.createElement("span");
    label.append(`${words[entry.kind]} `, Object.assign(document.createElement("bdi"), { textContent: entry.label }));
    const badge = Object.assign(document.createElement("span"), { className: `badge ${LOOKS[entry.state]}`, textContent: words[entry.state] });
    badge.dataset.state = entry.state;
    item.append(label, badge);
    if (entry.message && entry.state === "refused") {
      item.append(Object.assign(document.createElement("p"), { className: "small soft", textContent: entry.message }));
    }
    const isOnScreen = entry.key === shown && (step === "done" || step === "queued");
    if (!isOnScreen && entry.kind !== "undo" && (entry.state === "waiting" || timeLeft(entry.until) > 0)) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn quiet", textContent: words.undo });
      button.addEventListener("click", () => undo(entry.key));
      item.append(button);
    }
    return item;
  }

  async function list() {
    const all = await store.all();
    const mine = all.filter((entry) => entry.cashier === config.cashier);
    const others = all.filter((entry) => entry.cashier !== config.cashier && entry.state === "waiting");
    byId("journal").hidden = !mine.length && !others.length;
    byId("journal-lines").replaceChildren(...mine.slice(-6).reverse().map(entryOf));
    byId("journal-others").hidden = !others.length;
    byId("journal-others").querySelector("span").textContent = `${words.others}: ${figures(String(others.length))}`;
    byId("journal-signin").hidden = Till.net !== "signedout";
    const waiting = mine.filter((entry) => entry.state === "waiting").length;
    const net = byId("net");
    net.className = `badge push ${waiting ? "warn" : Till.net === "online" ? "good" : "bad"}`;
    const state = Till.net === "online" ? words.online : words.offline;
    net.textContent = waiting ? `${words.waiting}: ${figures(String(waiting))}` : state;
    net.hidden = Till.net === "unknown" && !waiting;
  }

  /* --- time --------------------------------------------------------------------------------------------------- */

  const timeLeft = (until) => (until ? Date.parse(until) - Date.now() - Till.offset : 0);

  function tick() {
    for (const form of document.querySelectorAll("[data-until]")) {
      const left = timeLeft(form.dataset.until);
      form.hidden = left <= 0;
      const seconds = String(Math.floor(left / 1000) % 60).padStart(2, "0");
      form.querySelector("[data-left]").textContent = words.left.replace("%(time)s", figures(`${Math.floor(left / 60_000)}:${seconds}`));
    }
  }

  /* --- left alone --------------------------------------------------------------------------------------------- */

  const ACTIVE = `till-active ${config.slug}`;
  const locked = byId("locked");

  function touch() {
    if (!locked.open) localStorage.setItem(ACTIVE, String(Date.now()));
  }

  function shut() {
    if (locked.open) return;
    byId("camera").close();
    back();
    byId("done").textContent = "";
    locked.showModal();
  }

  /* The server has to know as well, for the session opens more than this page. True once it does. */
  let isLockedThere = false;
  async function lockThere() {
    if (isLockedThere) return true;
    try {
      await Till.ask("lock/", {}, PATIENCE);
      isLockedThere = true;
    } catch (error) {
      isLockedThere = error.code === "till_locked" || Till.net === "signedout";
    }
    return isLockedThere;
  }

  function lockWhenIdle() {
    const since = Number(localStorage.getItem(ACTIVE) ?? Date.now());
    if (Date.now() - since <= config.idle * 1000) return;
    shut();
    lockThere(); // without network it is told as soon as there is one
  }

  events.addEventListener("locked", () => {
    isLockedThere = true;
    shut();
  });
  locked.addEventListener("cancel", (event) => event.preventDefault());
  locked.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await lockThere())) return; // it stays locked until the server knows
    localStorage.removeItem(ACTIVE);
    location.replace(config.home);
  });

  async function signOut(form) {
    await store.tidy({ everything: true });
    localStorage.removeItem(ACTIVE);
    await globalThis.caches?.delete(`till-shell ${config.home}`);
    form.submit();
  }

  /* --- wiring ------------------------------------------------------------------------------------------------- */

  Till.amount = () => minor;
  Till.setAmount = setAmount;

  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.submitter?.hasAttribute("formaction")) return; // a page of its own
    const actions = { "find-form": seek, "join-form": join, "sale-form": () => give(), "sign-out": () => signOut(form) };
    const action = form.dataset.undo ? () => undo(form.dataset.undo) : actions[form.id];
    if (!action) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // page.js would leave the button busy
    action();
  }, true);

  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-pad], [data-sku], [data-stamp], [data-back], #newcomer, #queued-undo");
    if (!button) return;
    event.preventDefault();
    if (button.dataset.pad) press(button.dataset.pad);
    else if (button.dataset.sku) add(button.dataset);
    else if (button.dataset.stamp) stamp(button.dataset);
    else if ("back" in button.dataset) back();
    else if (button.id === "newcomer") show("join");
    else undo(shown);
  });

  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || locked.open) return;
    if (event.key === "Escape" && step !== "find" && !byId("camera").open) return back();
    if (step !== "sale" || event.target.closest("input, dialog, .menu, summary")) return;
    const key = latin(event.key);
    if (/^[0-9]$/.test(key)) press(key);
    else if (event.key === "Backspace") press("del");
    else if (event.key === "Enter" && !event.target.closest("a, button:not([data-pad])")) {
      event.preventDefault();
      give();
    }
  });

  byId("pay").addEventListener("input", (event) => {
    if (event.target.id !== "passcode") foresee();
  });
  events.addEventListener("scanned", ({ detail }) => scan(detail));
  byId("code").addEventListener("change", foresee);
  events.addEventListener("change", list);
  events.addEventListener("net", () => {
    list();
    if (step === "sale") foresee();
  });
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, touch, { passive: true });
  setInterval(tick, 1000);
  setInterval(lockWhenIdle, 5000);

  async function keepShell() {
    if (!("serviceWorker" in navigator)) return;
    await navigator.serviceWorker.register(`${config.home}worker.js`, { scope: config.home });
    await navigator.serviceWorker.ready;
    const shells = await caches.open(`till-shell ${config.home}`);
    if (await shells.match(config.home, { ignoreVary: true })) return;
    const page = await fetch(config.home, { redirect: "manual" });
    if (page.ok) await shells.put(config.home, page);
  }

  for (const field of document.querySelectorAll("[data-without-script]")) field.hidden = true;
  document.querySelector(".t-more:not(#pay)").open ||= matchMedia("(width > 50rem)").matches; // there is room beside the keys
  // A page that a form was sent to without script already is at a step of its own.
  const served = document.querySelector("#sale-form [name=number]").value;
  if (!byId("step-sale").hidden && served) who = { number: served };
  step = ["join", "sale", "done"].find((name) => !byId(`step-${name}`).hidden) ?? "find";
  root.dataset.step = step;
  store.tidy().then(list);
  setInterval(() => store.tidy().then(list), 3_600_000);
  Till.check().catch(() => {}).finally(queue.run);
  keepShell().catch(() => {}); // without it the till still works, but does not open offline
  lockWhenIdle();
  touch();
})();
