/* Keys: every shortcut is read from the page itself, so that what is shown is what works.

   data-key="n"       a link or button that the key presses; a field that the key focuses
   data-go="g m"      a link that the two keys, one after the other, follow
   data-rows          a table or list in which J and K move, X selects and Enter opens
   data-keys="off"    on <html>: the single keys are switched off                                         */
(() => {
  const root = document.documentElement;
  const PAUSE = 1200; // milliseconds in which the second key of a pair must follow
  let waiting = -Infinity;

  function typing(target) {
    return target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable], dialog");
  }

  function press(element) {
    if (element.matches("input, select, textarea")) {
      element.focus();
      element.select?.();
    } else {
      element.click();
    }
  }

  function find(attribute, value) {
    return [...document.querySelectorAll(`[${attribute}]`)].find(
      (element) => element.getAttribute(attribute).toLowerCase() === value && element.checkVisibility(),
    );
  }

  function rows() {
    return [...document.querySelectorAll("[data-rows] :is(tbody tr, :scope > li)")];
  }

  function cursor() {
    return document.querySelector("[data-rows] .cursor");
  }

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(cursor());
    const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
    cursor()?.classList.remove("cursor");
    next.classList.add("cursor");
    next.scrollIntoView({ block: "nearest" });
    next.querySelector("th a, a, summary, input")?.focus({ preventScroll: true });
  }

  function select() {
    const box = cursor()?.querySelector("input[type=checkbox]");
    if (box) box.click();
  }

  function leave() {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    document.querySelector("[data-clear]")?.click();
  }

  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "escape") {
      if (typing(event.target)) event.target.blur();
      else leave();
      return;
    }
    if (typing(event.target) || root.dataset.keys === "off") return;

    const second = performance.now() - waiting < PAUSE && find("data-go", `g ${key}`);
    waiting = key === "g" ? performance.now() : -Infinity;
    const moves = { j: () => move(1), k: () => move(-1), x: select };
    const action = second ? () => second.click() : find("data-key", key) ? () => press(find("data-key", key)) : moves[key];
    if (action && (!(key in moves) || rows().length || second)) {
      event.preventDefault();
      action();
    }
  });
})();
