/* Theme: as last chosen, before the first paint. ?theme= and ?dir= in the address override for one page. */
(() => {
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search);

  function kept() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is switched off
    }
  }

  function keep(theme) {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch {
      // the choice then lasts for this page only
    }
  }

  function apply(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  function mark() {
    for (const button of document.querySelectorAll("[data-theme-to]")) {
      const chosen = button.dataset.themeTo === (root.dataset.theme ?? "");
      button.setAttribute("aria-pressed", String(chosen));
    }
  }

  apply(asked.get("theme") ?? kept() ?? root.dataset.theme);
  if (["ltr", "rtl"].includes(asked.get("dir"))) root.dir = asked.get("dir");

  addEventListener("DOMContentLoaded", () => {
    for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
    mark();
  });

  addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-theme-to], [data-dir-to]");
    if (!button) return;
    if ("dirTo" in button.dataset) {
      root.dir = root.dir === "rtl" ? "ltr" : "rtl";
      return;
    }
    apply(button.dataset.themeTo);
    keep(button.dataset.themeTo);
    mark();
  });
})();
