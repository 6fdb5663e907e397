/* Page: the few things that HTML alone cannot do yet. Every page works without them.

   data-open="id"     opens the dialog with that id where the browser does not know commandfor
   data-select-all    ticks every checkbox of the same table
   data-modal         a dialog that HTMX brought opens over the page, and goes when it is closed
   data-dismiss       removes the toast it is in
   data-close-menus   a menu closes when something else is pressed

   And two things for a till in the same browser: where people sign in, no page of who was there before is kept, and
   whoever works on the dashboard has not left the till alone.                                             */
(() => {
  const knowsCommands = "commandForElement" in HTMLButtonElement.prototype;

  function closeMenus(target) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  }

  function command(button) {
    const dialog = document.getElementById(button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "show-modal") dialog?.showModal();
    if (button.getAttribute("command") === "close") dialog?.close();
  }

  addEventListener("click", ({ target }) => {
    closeMenus(target);
    const button = target.closest?.("button");
    if (!button) return;
    if (!knowsCommands && button.hasAttribute("commandfor")) command(button);
    if ("dismiss" in button.dataset) button.closest(".toast")?.remove();
  });

  addEventListener("change", ({ target }) => {
    if (!("selectAll" in (target.dataset ?? {}))) return;
    for (const box of target.closest("table").querySelectorAll("tbody input[type=checkbox]")) {
      if (box.checked !== target.checked) box.click();
    }
  });

  if (document.querySelector("main.door")) {
    globalThis.caches
      ?.keys()
      .then((names) => names.filter((name) => name.startsWith("till-shell ")).forEach((name) => caches.delete(name)));
  }

  function touchTills() {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith("till-active ")) localStorage.setItem(name, String(Date.now()));
    }
  }
  if (!document.querySelector("main.door, #till")) {
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, touchTills, { passive: true });
  }

  addEventListener("htmx:load", ({ detail }) => {
    const dialog = detail.elt;
    if (!("modal" in (dialog.dataset ?? {}))) return;
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  });

  /* A form is sent once; its button says so and keeps its width. */
  addEventListener("submit", ({ target, submitter }) => {
    if (!submitter || target.method === "dialog" || target.hasAttribute("hx-post")) return;
    setTimeout(() => submitter.setAttribute("aria-busy", "true"));
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[aria-busy]:not([data-busy])")) button.removeAttribute("aria-busy");
  });
})();
