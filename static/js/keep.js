/* Keep: what is typed while an answer is under way is not lost when the answer takes its place.

   Works on every part that htmx replaces; fields are known by their ids.                                 */
(() => {
  const sent = new WeakMap(); // the part that will be replaced, and what stood in its fields when it was asked for
  let later = [];

  const read = (field) => (field.type === "checkbox" ? field.checked : field.value);
  const values = (part) => new Map([...part.querySelectorAll(":is(input, select, textarea)[id]")].map((field) => [field.id, read(field)]));

  addEventListener("htmx:beforeRequest", ({ detail }) => sent.set(detail.target, values(detail.target)));

  addEventListener("htmx:beforeSwap", ({ detail }) => {
    const before = sent.get(detail.target);
    if (before) later = [...values(detail.target)].filter(([id, value]) => before.has(id) && before.get(id) !== value);
  });

  addEventListener("htmx:afterSwap", () => {
    for (const [id, value] of later) {
      const field = document.getElementById(id);
      if (!field) continue;
      if (typeof value === "boolean") field.checked = value;
      else field.value = value;
    }
  });

  /* What hangs on it is asked for again: the fields that fit a choice, the sentence. */
  addEventListener("htmx:afterSettle", () => {
    const typed = later;
    later = [];
    for (const [id] of typed) document.getElementById(id)?.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
