/* Copy: a button that copies what a field holds. Without a clipboard it stays hidden, and the field can be marked by hand.

   data-copy   on a hidden <button>: the id of the field
   data-done   on the same: what it says for a moment afterwards                                             */
(() => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    const says = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        return field.select();
      }
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = says; }, 2000);
    });
  }
})();
